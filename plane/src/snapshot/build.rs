//! A zone's document to a [`Zone`]: everything is checked, then laid out flat.
//!
//! What is checked here is what the plane relies on; what an operator should be told, with file
//! and line, the compiler has checked before.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;

use super::document;
use super::fault::Fault;
use super::rdata::{self, Shape};
use super::steer::{Ladders, Span};
use super::table::{NONE, NameId, Names};
use super::tree::Tree;
use super::zone::{Body, Named, Node, Rrset, Target, Zone};
use crate::name::{self, Split, to_text};
use crate::tally::Books;
use crate::wire::denial::{self, Denial};
use crate::wire::{IN, rtype};

/// The greatest TTL (RFC 2181 section 8).
pub(super) const MAX_TTL: u32 = u32::MAX >> 1;

/// Build a zone from its document and its words, packed as little-endian 64-bit numbers.
pub(super) fn build(
    document: &[u8],
    members: &[u8],
    pools: &[u8],
    books: &Books,
) -> Result<Zone, Fault> {
    let zone: document::Zone<'_> = document::read(document, "zone")?;
    name::check(zone.origin).map_err(|why| Fault::new(format!("a zone's origin {why}")))?;
    let place = format!("zone {}", to_text(zone.origin));
    Builder::new(&zone, books).build(members, pools).map_err(|fault| fault.within(place))
}

/// Flat lists that grow while a document is read.
pub(super) struct Builder<'d> {
    pub(super) document: &'d document::Zone<'d>,
    pub(super) books: &'d Books,
    pub(super) tree: Tree<'d>,
    names: Names,
    ids: HashMap<&'d [u8], NameId>,
    split: Split,
    pub(super) octets: Vec<u8>,
    pub(super) rrsets: Vec<Rrset>,
    named: Vec<Named>,
    /// For each RRset the names whose addresses it asks for.
    wanted: Vec<Vec<&'d [u8]>>,
    pub(super) ladders: Ladders,
}

impl<'d> Builder<'d> {
    fn new(document: &'d document::Zone<'d>, books: &'d Books) -> Self {
        Self {
            document,
            books,
            tree: Tree::new(document.origin),
            names: Names::default(),
            ids: HashMap::new(),
            split: Split::default(),
            octets: Vec::new(),
            rrsets: Vec::new(),
            named: Vec::new(),
            wanted: Vec::new(),
            ladders: Ladders::default(),
        }
    }

    fn build(mut self, members: &[u8], pools: &[u8]) -> Result<Zone, Fault> {
        let document = self.document;
        let origin: &[u8] = document.origin;
        self.tree.node(origin)?;
        self.add_rrsets()?;
        let steering = self.steer()?;
        for (index, vip) in (0u32..).zip(&document.vips) {
            let node = self.tree.node(vip.owner)?;
            self.place_vip(node, index).map_err(|fault| fault.within(place_of(vip.owner)))?;
        }
        let services = self.services()?;
        self.tree.find_veils(&self.rrsets);
        let denial = self.denial()?;
        let written_denial = self.write_denial(&denial)?;
        let targets = self.find_targets()?;
        let veils = self.tree.veils().into_iter();
        let veils = veils.map(|(node, wire)| Ok((node, self.name(wire)?)));
        let veils = veils.collect::<Result<Vec<_>, Fault>>()?;
        let origin_name = self.name(origin)?;
        let (nodes, node_names, table) = self.tree.lay_out()?;
        let place = |node: u32| nodes.get(node as usize).map_or(NONE, |node| node.name);
        let veil_names = veils.into_iter().map(|(node, name)| (place(node), name)).collect();
        Ok(Zone {
            stamp: super::new_stamp(),
            changes: AtomicU64::new(0),
            origin: origin.into(),
            origin_name,
            origin_labels: self.names.get(origin_name).labels(),
            datacenters: document.datacenters.iter().map(|&name| name.into()).collect(),
            maps: document.maps.iter().map(|&name| name.into()).collect(),
            names: self.names,
            addresses: steering.addresses.into(),
            ladders: self.ladders,
            member_words: in_places(
                words(members, steering.members.len(), "member")?,
                &steering.places,
            ),
            member_places: steering.places.into(),
            pool_words: words(pools, steering.pools.len(), "pool")?.into(),
            pool_order: steering.pool_order.into(),
            pools: steering.pools.into(),
            members: steering.members.into(),
            vips: steering.vips.into(),
            denial,
            written_denial,
            octets: self.octets.into(),
            node_names: node_names.into(),
            nodes: nodes.into(),
            table,
            rrsets: self.rrsets.into(),
            named: self.named.into(),
            services: services.into(),
            targets: targets.into(),
            veil_names,
        })
    }

    /// Add the document's RRsets, those of a node one after the other and by type.
    fn add_rrsets(&mut self) -> Result<(), Fault> {
        let document = self.document;
        let mut order = Vec::with_capacity(document.rrsets.len());
        for rrset in &document.rrsets {
            let place = || format!("{} {}", place_of(rrset.owner), rtype::to_text(rrset.rtype));
            self.check_owner(rrset.owner).map_err(|fault| fault.within(place()))?;
            order.push((self.tree.node(rrset.owner)?, rrset.rtype, rrset));
        }
        order.sort_by_key(|&(node, rtype, _)| (node, rtype));
        let mut last = None;
        for (node, rtype, rrset) in order {
            let place = || format!("{} {}", place_of(rrset.owner), rtype::to_text(rtype));
            if last.replace((node, rtype)) == Some((node, rtype)) {
                return Err(Fault::new("stands twice").within(place()));
            }
            let at = self.rrsets.len();
            self.add_rrset(rrset).map_err(|fault| fault.within(place()))?;
            let span = Span::between(at, at + 1)?;
            if let Some(node) = self.tree.nodes.get_mut(node as usize) {
                node.rrsets = if node.rrsets.is_empty() {
                    span
                } else {
                    Span::between(node.rrsets.range().start, at + 1)?
                };
            }
        }
        let lonely = |node: &Node| {
            let here = node.rrsets.of(&self.rrsets);
            here.len() > 1 && here.iter().any(|rrset| rrset.rtype == rtype::CNAME)
        };
        match self.tree.nodes.iter().zip(&self.tree.wires).find(|(node, _)| lonely(node)) {
            Some((_, wire)) => {
                Err(Fault::new("has a CNAME beside other data").within(place_of(wire)))
            }
            None => Ok(()),
        }
    }

    /// Check an owner name.
    pub(super) fn check_owner(&self, wire: &[u8]) -> Result<(), Fault> {
        name::check(wire).map_err(|why| Fault::new(format!("the owner {why}")))?;
        if name::is_within(wire, self.document.origin) {
            Ok(())
        } else {
            Err(Fault::new("the owner is not in the zone"))
        }
    }

    fn add_rrset(&mut self, rrset: &document::Rrset<'d>) -> Result<(), Fault> {
        if rrset.ttl > MAX_TTL {
            return Err(Fault::new(format!("has TTL {}; the most is {MAX_TTL}", rrset.ttl)));
        }
        if matches!(rrset.rtype, 0 | rtype::OPT | 249..=255) {
            return Err(Fault::new("is of a type that no zone holds"));
        }
        let count = match (rrset.rtype, rrset.rdata.len()) {
            (_, 0) => return Err(Fault::new("has no records")),
            (rtype::SOA | rtype::CNAME | rtype::DNAME, 2..) => {
                return Err(Fault::new("has more than one record"));
            }
            (_, count) => {
                u16::try_from(count).map_err(|_| Fault::new("has more than 65535 records"))?
            }
        };
        let mut wanted = Vec::new();
        let (octets, named) = (self.octets.len(), self.named.len());
        for data in &rrset.rdata {
            let parts = rdata::parts(rrset.rtype, data).map_err(Fault::new)?;
            match (rdata::shape(rrset.rtype), parts.first) {
                (Shape::Names(..), Some(first)) => {
                    let before = self.keep(parts.before)?;
                    let after = self.keep(parts.after)?;
                    let second = match parts.second {
                        Some(second) => self.name(second)?,
                        None => NameId::NONE,
                    };
                    let first = self.name(first)?;
                    self.named.push(Named { before, first, second, after });
                }
                _ => self.add_whole(rrset, data)?,
            }
            if let Some(target) = rdata::target(rrset.rtype, rrset.owner, &parts) {
                self.name(target)?;
                if !wanted.contains(&target) {
                    wanted.push(target);
                }
            }
        }
        if rrset.rtype == rtype::NS {
            // Glue comes before other addresses, so that it finds room first (RFC 9471 section 3).
            wanted.sort_by_cached_key(|target| !self.is_below(target, rrset.owner));
        }
        let body = if self.named.len() > named {
            Body::Named(Span::between(named, self.named.len())?)
        } else {
            Body::Whole(Span::between(octets, self.octets.len())?)
        };
        let (rtype, ttl) = (rrset.rtype, rrset.ttl);
        self.rrsets.push(Rrset { rtype, count, ttl, body, targets: Span::default() });
        self.wanted.push(wanted);
        Ok(())
    }

    /// Keep a record in wire form, owned by a pointer to the question's name.
    fn add_whole(&mut self, rrset: &document::Rrset<'_>, data: &[u8]) -> Result<(), Fault> {
        let length = u16::try_from(data.len())
            .map_err(|_| Fault::new("has a record of more than 65535 octets"))?;
        self.octets.extend_from_slice(&[0xc0, 0x0c]);
        self.octets.extend_from_slice(&rrset.rtype.to_be_bytes());
        self.octets.extend_from_slice(&IN.to_be_bytes());
        self.octets.extend_from_slice(&rrset.ttl.to_be_bytes());
        self.octets.extend_from_slice(&length.to_be_bytes());
        self.octets.extend_from_slice(data);
        Ok(())
    }

    fn keep(&mut self, octets: &[u8]) -> Result<Span, Fault> {
        let at = self.octets.len();
        self.octets.extend_from_slice(octets);
        Span::between(at, self.octets.len())
    }

    /// Split a name that stands in record data, once.
    pub(super) fn name(&mut self, wire: &'d [u8]) -> Result<NameId, Fault> {
        if let Some(&id) = self.ids.get(wire) {
            return Ok(id);
        }
        let fault = || Fault::new("has a malformed name in its data");
        self.split.read(wire).ok_or_else(fault)?;
        let id = self.names.add(self.split.name()).ok_or_else(fault)?;
        self.ids.insert(wire, id);
        Ok(id)
    }

    /// Whether a name in record data is an owner or stands below it.
    fn is_below(&self, target: &[u8], owner: &[u8]) -> bool {
        let known = self.ids.get(target).map(|&id| self.names.get(id));
        known.is_some_and(|name| name::is_within(name.wire(), owner))
    }

    fn place_vip(&mut self, node: u32, index: u32) -> Result<(), Fault> {
        let fault = Fault::new("is a name that does not exist");
        let node = self.tree.nodes.get_mut(node as usize).ok_or(fault)?;
        if node.vip != NONE {
            return Err(Fault::new("is a VIP twice"));
        }
        let collides =
            |rrset: &&Rrset| matches!(rrset.rtype, rtype::A | rtype::AAAA | rtype::CNAME);
        let names = self.document.vips.get(index as usize).is_some_and(|vip| vip.names);
        if names && !node.rrsets.is_empty() {
            return Err(Fault::new("has a CNAME beside other data"));
        }
        if let Some(rrset) = node.rrsets.of(&self.rrsets).iter().find(collides) {
            let rtype = rtype::to_text(rrset.rtype);
            return Err(Fault::new(format!("is a VIP and has a {rtype} record")));
        }
        node.vip = index;
        Ok(())
    }

    /// The SOA with the TTL of negative answers.
    fn denial(&self) -> Result<Rrset, Fault> {
        let apex = self.tree.nodes.first().map_or(Span::default(), |node| node.rrsets);
        let soa = apex.of(&self.rrsets).iter().find(|rrset| rrset.rtype == rtype::SOA);
        let soa = soa.ok_or_else(|| Fault::new("has no SOA record"))?;
        let Body::Named(span) = soa.body else {
            return Err(Fault::new("has a malformed SOA"));
        };
        let numbers =
            span.of(&self.named).first().map_or(&[][..], |one| one.after.of(&self.octets));
        let minimum = numbers.last_chunk::<4>().map_or(0, |octets| u32::from_be_bytes(*octets));
        Ok(Rrset { ttl: soa.ttl.min(minimum), ..*soa })
    }

    /// Write the SOA of denials once and for all.
    fn write_denial(&self, denial: &Rrset) -> Result<Denial, Fault> {
        let Body::Named(span) = denial.body else {
            return Ok(Denial::default());
        };
        let Some(soa) = span.of(&self.named).first() else {
            return Ok(Denial::default());
        };
        let names = (self.names.get(soa.first).wire(), self.names.get(soa.second).wire());
        let numbers = soa.after.of(&self.octets);
        let written = denial::write(self.document.origin, denial.ttl, names, numbers);
        written.ok_or_else(|| Fault::new("has a SOA longer than a message"))
    }

    /// Find the nodes where the addresses of targets stand.
    fn find_targets(&mut self) -> Result<Vec<Target>, Fault> {
        let mut targets = Vec::new();
        for (rrset, wanted) in self.rrsets.iter_mut().zip(&self.wanted) {
            let start = targets.len();
            for wire in wanted {
                // Data may spell a name in capitals; owners stand in lower case (RFC 4343).
                let Some(&name) = self.ids.get(wire) else { continue };
                let Some(&node) = self.tree.by_name.get(self.names.get(name).wire()) else {
                    continue;
                };
                let here = self.tree.nodes.get(node as usize);
                let mut known = targets.get(start..).unwrap_or_default().iter();
                let twice = known.any(|known: &Target| known.node == node); // spelled otherwise
                if !twice && here.is_some_and(|here| !here.rrsets.is_empty() || here.vip != NONE) {
                    targets.push(Target { name, node });
                }
            }
            rrset.targets = Span::between(start, targets.len())?;
        }
        Ok(targets)
    }
}

/// A name for the beginning of a fault.
pub(super) fn place_of(wire: &[u8]) -> String {
    match name::check(wire) {
        Ok(()) => to_text(wire),
        Err(_) => "a name".to_owned(),
    }
}

/// Unpack words, of which there must be `count`.
fn words(packed: &[u8], count: usize, what: &str) -> Result<Vec<AtomicU64>, Fault> {
    if packed.len() != count * 8 {
        let octets = packed.len();
        return Err(Fault::new(format!(
            "has {count} {what}s, whose words take {} octets and not {octets}",
            count * 8
        )));
    }
    let words = packed.chunks_exact(8);
    Ok(words.map(|word| AtomicU64::new(word.try_into().map_or(0, u64::from_le_bytes))).collect())
}

/// Put words of members, which come in document order, where the members stand.
fn in_places(words: Vec<AtomicU64>, places: &[u32]) -> Box<[AtomicU64]> {
    let mut found: Vec<_> = words.iter().map(|_| AtomicU64::new(0)).collect();
    for (word, &place) in words.into_iter().zip(places) {
        if let Some(slot) = found.get_mut(place as usize) {
            *slot = word;
        }
    }
    found.into()
}
