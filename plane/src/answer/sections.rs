//! Whole RRsets into the sections of a reply: records, denials, referrals, addresses.

use super::{Answer, Stop};
use crate::choose::{Choice, Chosen, choose};
use crate::name::{Name, is_within};
use crate::snapshot::{Address, Body, Family, NameId, Node, RECORD_HEAD, Rrset, Vip};
use crate::wire::reply::{Full, Owner, QUESTION, Section};
use crate::wire::rtype;
use crate::witness::{Lookup, Silent, Witness};

impl<'a, W: Witness> Answer<'a, '_, W> {
    /// Records of the type at a node, and how many: most answers are these as they lie there,
    /// behind the question that owns them.
    #[inline]
    pub(super) fn plain(&self, node: &Node) -> Option<(&'a [u8], u16)> {
        let zone = &*self.linked.zone;
        if W::RECORDS || zone.vip(node).is_some() {
            return None;
        }
        match zone.rrset(node, self.question.qtype)? {
            &Rrset { body: Body::Whole(records), count, targets, .. } if targets.is_empty() => {
                Some((zone.whole(records), count))
            }
            _ => None,
        }
    }

    /// Put an RRset whole or not at all; give the place of the first name in its data.
    #[inline(never)]
    pub(super) fn put_rrset(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        rrset: &Rrset,
        ttl: u32,
    ) -> Result<Option<u16>, Full> {
        let mark = self.reply.mark();
        let ttl = match rrset.body {
            Body::Services(services) => ttl.min(self.draw_hints(services, None)),
            Body::Whole(_) | Body::Named(_) => ttl,
        };
        let put = match rrset.body {
            Body::Whole(records) => {
                let records = self.linked.zone.whole(records);
                match owner {
                    Owner::At(QUESTION) => self.reply.put(records).map(|()| None),
                    _ => self.put_whole(owner, records),
                }
            }
            Body::Named(_) => self.put_named(owner, rrset, ttl),
            Body::Services(services) => self.put_services(owner, (rrset.rtype, ttl), services),
        };
        if put.is_err() {
            self.reply.back_to(mark);
        } else {
            self.reply.count(section, rrset.count);
            if section == Section::Answer {
                self.witness.records(rrset.rtype, ttl);
                self.tell_addresses(rrset);
            }
        }
        put
    }

    /// Put records that are kept in wire form under another owner.
    fn put_whole(&mut self, owner: Owner<'_>, records: &[u8]) -> Result<Option<u16>, Full> {
        let (mut owner, mut rest) = (owner, records);
        while let Some((fixed, after)) = rest.split_first_chunk::<RECORD_HEAD>() {
            let [_, _, t1, t2, _, _, s1, s2, s3, s4, l1, l2] = *fixed;
            let length = usize::from(u16::from_be_bytes([l1, l2]));
            let (data, below) = after.split_at_checked(length).ok_or(Full)?;
            let (rtype, ttl) = (u16::from_be_bytes([t1, t2]), u32::from_be_bytes([s1, s2, s3, s4]));
            let place = self.reply.put_record(owner, rtype, ttl, data)?;
            owner = place.map_or(owner, Owner::At);
            rest = below;
        }
        Ok(None)
    }

    /// Tell the witness of the addresses in an RRset.
    #[inline]
    fn tell_addresses(&mut self, rrset: &Rrset) {
        let (Body::Whole(records), rtype::A | rtype::AAAA) = (rrset.body, rrset.rtype) else {
            return;
        };
        if W::RECORDS {
            let records = self.linked.zone.whole(records);
            // Addresses of a type are of one length, and so are their records.
            for record in records.chunks((records.len() / usize::from(rrset.count.max(1))).max(1)) {
                if let Some(Ok(address)) = record.get(RECORD_HEAD..).map(Address::read) {
                    self.witness.answered(&address, rrset.ttl);
                }
            }
        }
    }

    /// Put records whose data has names in it.
    fn put_named(
        &mut self,
        owner: Owner<'_>,
        rrset: &Rrset,
        ttl: u32,
    ) -> Result<Option<u16>, Full> {
        let zone = &*self.linked.zone;
        let Body::Named(records) = rrset.body else {
            return Ok(None);
        };
        let (mut owner, mut first) = (owner, None);
        for (before, named, after) in zone.named(records) {
            let second = zone.names.find(named.second);
            let data = (before, zone.names.get(named.first), second, after);
            let (place, target) = self.reply.put_named(owner, rrset.rtype, ttl, data)?;
            owner = place.map_or(owner, Owner::At);
            first = first.or(target);
        }
        Ok(first)
    }

    /// Put the SOA of a denial (RFC 2308 section 3).
    #[inline]
    pub(super) fn deny(&mut self) -> Result<(), Stop> {
        let zone = &*self.linked.zone;
        if self.reply.put_denial(&zone.written_denial, &zone.origin, zone.origin_labels)? {
            return Ok(());
        }
        let owner = Owner::Name(zone.names.get(zone.origin_name));
        self.put_rrset(Section::Authority, owner, &zone.denial, zone.denial.ttl)?;
        Ok(())
    }

    /// Refer to the servers of a delegation. AA tells of the name first asked for.
    pub(super) fn refer(&mut self, cut: &Node, name: &Name<'_>, first: bool) -> Result<(), Stop> {
        let zone = &*self.linked.zone;
        self.witness.name(name.wire(), Lookup::Cut);
        if first {
            self.verdict.authoritative = false;
        }
        let Some(servers) = zone.rrset(cut, rtype::NS) else {
            return Ok(());
        };
        let owner = Owner::Name(zone.names.get(zone.veil_name(cut)));
        self.put_rrset(Section::Authority, owner, servers, servers.ttl)?;
        match self.put_addresses(servers) {
            // Without its glue a referral leads nowhere: then TC is due (RFC 9471 section 3.1).
            Err(left_out) if is_within(zone.names.get(left_out).wire(), zone.wire_of(cut)) => {
                Err(Stop::Full)
            }
            // Other servers' addresses can be asked for (section 3.2).
            _ => Ok(()),
        }
    }

    /// Put the addresses of the names in an RRset, as far as this zone holds them; those of a VIP
    /// as the ladder chooses them for this client.
    ///
    /// The first name that finds no room ends it, and is the error.
    pub(super) fn put_addresses(&mut self, rrset: &Rrset) -> Result<(), NameId> {
        let zone = &*self.linked.zone;
        for target in zone.targets(rrset) {
            let Some(node) = zone.node(target) else {
                continue;
            };
            let owner = Owner::Name(zone.names.get(target.name));
            let left_out = |_: Full| target.name;
            for found in zone.rrsets(node) {
                // A service's own records of the type too (RFC 9460 section 4.1).
                let service = matches!(rrset.rtype, rtype::SVCB | rtype::HTTPS)
                    && found.rtype == rrset.rtype
                    && !std::ptr::eq(found, rrset);
                if service || matches!(found.rtype, rtype::A | rtype::AAAA) {
                    self.put_rrset(Section::Additional, owner, found, found.ttl)
                        .map_err(left_out)?;
                }
            }
            if let Some(vip) = zone.vip(node).filter(|vip| !vip.names) {
                for family in [Family::V4, Family::V6] {
                    self.put_steered(vip, family, owner).map_err(left_out)?;
                }
            }
        }
        Ok(())
    }

    /// Put what the ladder chooses of a family for a VIP that was not itself asked for.
    #[inline(never)]
    fn put_steered(&mut self, vip: &Vip, family: Family, owner: Owner<'_>) -> Result<(), Full> {
        if self.hinted == Some(vip.index) {
            return self.put_hinted(family, owner);
        }
        let client = &self.question.client;
        let tools = (&mut *self.rng, &mut *self.draw);
        let chosen = choose(self.linked, &[], vip, family, client, tools, &mut Silent);
        // Also where there is nothing to put: that too is true for these clients alone.
        self.verdict.scope = self.verdict.scope.max(chosen.scope);
        self.put_chosen(Section::Additional, owner, family, &chosen)?;
        Ok(())
    }

    /// Put an address record whose owner may have to be written.
    #[inline(never)]
    fn put_long(&mut self, owner: Owner<'_>, ttl: u32, address: &[u8]) -> Result<(), Full> {
        let rtype = if address.len() == 4 { rtype::A } else { rtype::AAAA };
        let mark = self.reply.mark();
        let put = self.reply.put_record(owner, rtype, ttl, address);
        put.map(|_| ()).inspect_err(|_| self.reply.back_to(mark))
    }

    /// Put the address of one member as the answer.
    #[inline]
    pub(super) fn put_only(
        &mut self,
        member: u32,
        owner: Owner<'_>,
        ttl: u32,
    ) -> Result<bool, Full> {
        let Some(member) = self.linked.zone.members.get(member as usize) else {
            return Ok(false);
        };
        match (owner, member.address.octets()) {
            (Owner::At(place), &[a, b, c, d]) => self.reply.put_ipv4(place, ttl, [a, b, c, d])?,
            (Owner::At(place), address) => match address.first_chunk() {
                Some(address) => self.reply.put_ipv6(place, ttl, address)?,
                None => return Ok(false),
            },
            (owner, address) => self.put_long(owner, ttl, address)?,
        }
        self.reply.count(Section::Answer, 1);
        self.witness.answered(&member.address, ttl);
        Ok(true)
    }

    /// Put chosen addresses as one RRset; false if there are none.
    #[inline(never)]
    pub(super) fn put_chosen(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        family: Family,
        chosen: &Chosen,
    ) -> Result<bool, Full> {
        let zone = &*self.linked.zone;
        let rtype = if family == Family::V4 { rtype::A } else { rtype::AAAA };
        let mark = self.reply.mark();
        let (mut owner, mut count) = (owner, 0);
        let mut put = |address: &Address| {
            let place = self.reply.put_record(owner, rtype, chosen.ttl, address.octets())?;
            owner = place.map_or(owner, Owner::At);
            if section == Section::Answer {
                self.witness.answered(address, chosen.ttl);
            }
            count += 1;
            Ok(())
        };
        let done = match chosen.choice {
            Choice::Members => {
                let mut drawn = self.draw.chosen().iter();
                drawn.try_for_each(|&at| {
                    zone.members.get(at as usize).map_or(Ok(()), |member| put(&member.address))
                })
            }
            Choice::Addresses(span) => {
                let mut fitting =
                    span.of(&zone.addresses).iter().filter(|one| one.family() == family);
                fitting.try_for_each(put)
            }
            Choice::Nodata | Choice::Servfail => Ok(()),
        };
        if let Err(full) = done {
            self.reply.back_to(mark);
            return Err(full);
        }
        self.reply.count(section, count);
        Ok(count > 0)
    }

    /// Put an alias that no zone holds; give the place of its target.
    pub(super) fn put_alias(
        &mut self,
        owner: Owner<'_>,
        target: &Name<'_>,
        ttl: u32,
    ) -> Result<Option<u16>, Full> {
        let mark = self.reply.mark();
        let put = self.reply.put_named(owner, rtype::CNAME, ttl, (&[], *target, None, &[]));
        match put {
            Ok((_, place)) => {
                self.reply.count(Section::Answer, 1);
                self.witness.records(rtype::CNAME, ttl);
                Ok(place)
            }
            Err(full) => {
                self.reply.back_to(mark);
                Err(full)
            }
        }
    }
}
