//! A published zone: its names, records, VIPs and words; and how a name is found in it.
//!
//! Everything but the words is immutable. Names are nodes in one table by hash; each node knows
//! the delegation it stands under and the wildcard below it, so that finding a name costs one
//! probe if it exists, and one for each label that exists if it does not.

use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fault::Fault;
use super::services::Service;
use super::steer::{Address, Ladders, Member, Pool, Span, Told, Vip};
use super::table::{NONE, NameId, Names, Table};
use super::word::{Word, store};
use crate::name::Name;
use crate::tally::NO_SLOT;
use crate::wire::denial::Denial;
use crate::wire::rtype;

/// A name that exists: it owns records, is a VIP, or has such names below it (RFC 4592 2.2.2).
#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub(super) octets: u8,
    pub(super) name: u32,
    pub(super) rrsets: Span,
    pub(super) vip: u32,
    /// What hides all names below it: the topmost delegation at or above, or DNAME above, as a
    /// node; NONE if there is neither.
    pub(super) veil: u32,
    /// Whether it has a DNAME.
    pub(super) dname: bool,
    /// The wildcard directly below, as a node.
    pub(super) wildcard: u32,
}

/// Records of one type at a node.
#[derive(Clone, Copy, Debug)]
pub struct Rrset {
    /// The type.
    pub rtype: u16,
    /// How many records.
    pub count: u16,
    /// TTL in seconds.
    pub ttl: u32,
    /// Where the data stands.
    pub body: Body,
    /// Names whose addresses belong in the additional section, as a part of the zone's targets.
    pub targets: Span,
}

/// How the data of an RRset is kept.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// Records in wire form one after the other, owned by a pointer to the question's name.
    Whole(Span),
    /// Records whose names are compressed when they are written (RFC 3597 section 4).
    Named(Span),
    /// Service records of a VIP, into some of which address hints are written.
    Services(Span),
}

/// Record data with names in it: octets, one or two names, octets.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    pub(super) before: Span,
    /// The first name.
    pub first: NameId,
    /// The second; NONE except in SOA and MINFO.
    pub second: NameId,
    pub(super) after: Span,
}

/// A name in record data and the node where its addresses stand.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name.
    pub name: NameId,
    pub(super) node: u32,
}

/// One zone, with the words of its members and pools.
#[derive(Debug)]
pub struct Zone {
    /// A number that no other zone or map of this process has.
    pub stamp: u64,
    /// The origin in wire form.
    pub origin: Box<[u8]>,
    /// The origin's name.
    pub origin_name: NameId,
    /// How many labels the origin has.
    pub origin_labels: usize,
    /// Datacenter names.
    pub datacenters: Box<[Box<str>]>,
    /// Names of the maps that VIPs refer to.
    pub maps: Box<[Box<str>]>,
    /// Names in record data.
    pub names: Names,
    /// Fallback addresses.
    pub addresses: Box<[Address]>,
    /// Tiers of VIPs without a map.
    pub ladders: Ladders,
    /// Pools of all VIPs.
    pub pools: Box<[Pool]>,
    /// Members of all pools.
    pub members: Box<[Member]>,
    /// The SOA, with the TTL of negative answers (RFC 2308 section 3).
    pub denial: Rrset,
    /// The same, ready to be copied.
    pub written_denial: Denial,
    pub(super) octets: Box<[u8]>,
    pub(super) node_names: Box<[u8]>,
    pub(super) nodes: Box<[Node]>,
    pub(super) table: Table,
    pub(super) rrsets: Box<[Rrset]>,
    pub(super) named: Box<[Named]>,
    pub(super) services: Box<[Service]>,
    pub(super) targets: Box<[Target]>,
    pub(super) vips: Box<[Vip]>,
    /// Names of delegations and DNAMEs, by where their node's name stands.
    pub(super) veil_names: Box<[(u32, NameId)]>,
    /// For each member in document order its place among the members and their words.
    pub(super) member_places: Box<[u32]>,
    /// The datacenters of each VIP's pools, sorted, and which pool that is.
    pub(super) pool_order: Box<[(u32, u32)]>,
    pub(super) member_words: Box<[AtomicU64]>,
    pub(super) pool_words: Box<[AtomicU64]>,
    /// How often words were changed.
    pub(super) changes: AtomicU64,
}

/// Octets of a record before its data, if its owner is a pointer.
pub const RECORD_HEAD: usize = 12;

/// The node of the origin: the first one that a zone has.
const ORIGIN: u32 = 0;

/// What a name comes to in a zone.
#[derive(Clone, Copy, Debug)]
pub enum Found<'z> {
    /// The name exists.
    Node(&'z Node),
    /// It does not, but a wildcard stands for it (RFC 4592).
    Wildcard(&'z Node),
    /// It stands at or below a delegation.
    Cut(&'z Node),
    /// It stands below a DNAME (RFC 6672).
    Dname(&'z Node),
    /// Neither; NXDOMAIN.
    Nothing,
}

impl Zone {
    /// Find a name at or below the origin. A DS question at a delegation is the parent's
    /// (RFC 4035 section 3.1.4.1).
    #[inline]
    #[must_use]
    pub fn find(&self, name: &Name<'_>, asked: u16) -> Found<'_> {
        if let Some(at) = self.node_of(name, 0) {
            let Some(node) = self.nodes.get(at as usize) else {
                return Found::Nothing;
            };
            return match node.veil {
                NONE => Found::Node(node),
                cut if cut == at && asked == rtype::DS => Found::Node(node),
                veil => self.behind(veil),
            };
        }
        let Some(encloser) = self.closest_encloser(name) else {
            return Found::Nothing;
        };
        if encloser.veil != NONE {
            return self.behind(encloser.veil);
        }
        if encloser.dname {
            return Found::Dname(encloser);
        }
        self.nodes.get(encloser.wildcard as usize).map_or(Found::Nothing, Found::Wildcard)
    }

    /// Which of the zone's nodes this is, if no veil is over it.
    pub(super) fn unveiled(&self, node: &Node) -> Option<u32> {
        let octets = ptr::from_ref(node).addr().checked_sub(self.nodes.as_ptr().addr())?;
        let at = octets / size_of::<Node>();
        let same = |known: &&Node| ptr::eq(*known, node) && node.veil == NONE;
        self.nodes.get(at).filter(same).and_then(|_| u32::try_from(at).ok())
    }

    /// What a name behind a veil comes to. A delegation hides its own name too, a DNAME does not.
    fn behind(&self, veil: u32) -> Found<'_> {
        match self.nodes.get(veil as usize) {
            Some(node) if node.veil == veil => Found::Cut(node),
            Some(node) => Found::Dname(node),
            None => Found::Nothing,
        }
    }

    /// The node right above a name, unless a delegation or a DNAME hides it.
    #[must_use]
    pub fn above(&self, name: &Name<'_>) -> Option<&Node> {
        let node = self.nodes.get(self.node_of(name, 1)? as usize)?;
        (node.veil == NONE).then_some(node)
    }

    /// The longest existing ancestor of a name that does not exist (RFC 4592 section 3.3.1).
    ///
    /// From the origin down: the labels of a made-up name cost nothing beyond the first.
    fn closest_encloser(&self, name: &Name<'_>) -> Option<&Node> {
        let origin = name.labels().checked_sub(self.origin_labels)?;
        let mut found = ORIGIN;
        for label in (1..origin).rev() {
            match self.node_of(name, label) {
                Some(node) => found = node,
                None => break,
            }
        }
        self.nodes.get(found as usize)
    }

    /// The node of the suffix that begins at a label.
    #[inline]
    fn node_of(&self, name: &Name<'_>, label: usize) -> Option<u32> {
        let (wire, hash) = name.suffix(label)?;
        self.table.find(hash, |node| self.name_of(node) == Some(wire))
    }

    fn name_of(&self, node: u32) -> Option<&[u8]> {
        let node = self.nodes.get(node as usize)?;
        let at = node.name as usize;
        self.node_names.get(at..at + usize::from(node.octets))
    }

    /// The RRset of a type at a node.
    #[must_use]
    #[inline]
    pub fn rrset(&self, node: &Node, wanted: u16) -> Option<&Rrset> {
        self.rrsets(node).iter().find(|rrset| rrset.rtype == wanted)
    }

    /// All RRsets at a node, by type.
    #[must_use]
    #[inline]
    pub fn rrsets(&self, node: &Node) -> &[Rrset] {
        node.rrsets.of(&self.rrsets)
    }

    /// The VIP at a node.
    #[must_use]
    #[inline]
    pub fn vip(&self, node: &Node) -> Option<&Vip> {
        self.vips.get(node.vip as usize)
    }

    /// A node's name in wire form.
    #[must_use]
    pub fn wire_of(&self, node: &Node) -> &[u8] {
        let at = node.name as usize;
        self.node_names.get(at..at + usize::from(node.octets)).unwrap_or_default()
    }

    /// The name of the node of a delegation or a DNAME.
    #[must_use]
    pub fn veil_name(&self, veil: &Node) -> NameId {
        self.veil_names
            .binary_search_by_key(&veil.name, |&(at, _)| at)
            .ok()
            .and_then(|at| self.veil_names.get(at))
            .map_or(NameId::NONE, |&(_, name)| name)
    }

    /// The owner and the target of a DNAME, both in wire form.
    #[must_use]
    pub fn dname(&self, node: &Node) -> Option<(&Rrset, &[u8])> {
        let rrset = self.rrset(node, rtype::DNAME)?;
        let Body::Whole(record) = rrset.body else {
            return None;
        };
        Some((rrset, self.whole(record).get(RECORD_HEAD..)?))
    }

    /// The names and nodes whose addresses an RRset asks for.
    #[must_use]
    #[inline]
    pub fn targets(&self, rrset: &Rrset) -> &[Target] {
        rrset.targets.of(&self.targets)
    }

    /// The node of a target.
    #[must_use]
    pub fn node(&self, target: &Target) -> Option<&Node> {
        self.nodes.get(target.node as usize)
    }

    /// Records in wire form.
    #[must_use]
    #[inline]
    pub fn whole(&self, records: Span) -> &[u8] {
        records.of(&self.octets)
    }

    /// Record data with names: for each record the octets before and after, and the names.
    #[inline]
    pub fn named(&self, records: Span) -> impl Iterator<Item = (&[u8], &Named, &[u8])> {
        let data = records.of(&self.named).iter();
        data.map(|one| (one.before.of(&self.octets), one, one.after.of(&self.octets)))
    }

    /// The target of a CNAME RRset.
    #[must_use]
    #[inline]
    pub fn alias_target(&self, rrset: &Rrset) -> Option<NameId> {
        match rrset.body {
            Body::Named(span) => span.of(&self.named).first().map(|one| one.first),
            Body::Whole(_) | Body::Services(_) => None,
        }
    }

    /// What a member is called: its address, or its name.
    #[must_use]
    pub fn told(&self, member: &Member) -> Told<'_> {
        match self.names.find(member.name) {
            Some(name) => Told::Name(name.wire()),
            None => Told::Address(member.address),
        }
    }

    /// A member's word as it is now.
    #[must_use]
    #[inline]
    pub fn member_word(&self, index: u32) -> Word {
        Word::load(&self.member_words, index)
    }

    /// The words of members as they are now, one after the other.
    #[inline]
    pub fn member_words(&self, members: Span) -> impl ExactSizeIterator<Item = Word> {
        members.of(&self.member_words).iter().map(Word::read)
    }

    /// One of the zone's VIPs.
    #[must_use]
    pub fn vip_at(&self, index: u32) -> Option<&Vip> {
        self.vips.get(index as usize)
    }

    /// A pool's word as it is now; `index` is that of the pool in the zone.
    #[must_use]
    #[inline]
    pub fn pool_word(&self, index: u32) -> Word {
        Word::load(&self.pool_words, index)
    }

    /// Store member words.
    ///
    /// # Errors
    /// A fault that names the first index out of range; nothing is stored then.
    pub fn set_members(&self, changes: &[(u32, u64)]) -> Result<(), Fault> {
        let place = |index: u32| self.member_places.get(index as usize).copied();
        store(&self.member_words, changes, "member", place)?;
        self.changes.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Store pool words.
    ///
    /// # Errors
    /// A fault that names the first index out of range; nothing is stored then.
    pub fn set_pools(&self, changes: &[(u32, u64)]) -> Result<(), Fault> {
        store(&self.pool_words, changes, "pool", Some)?;
        self.changes.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// How often words were changed: who reads it before them, and finds it as it was, has not
    /// missed a change.
    #[must_use]
    #[inline]
    pub fn version(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Where a pool's answers are counted.
    #[must_use]
    #[inline]
    pub fn pool_slot(&self, pool: u32) -> u32 {
        self.pools.get(pool as usize).map_or(NO_SLOT, |pool| pool.slot)
    }
}
