//! Address hints in service records (RFC 9460 section 7.3), and addresses that agree with them.
//!
//! A VIP with service records draws by the client network alone, so that its hints are what A and
//! AAAA answer. Within one reply they are drawn once: for all of its records, and for the
//! additional section.

use super::Answer;
use crate::choose::{Choice, Chosen, choose};
use crate::name::Name;
use crate::snapshot::{Address, Family, IPV4HINT, IPV6HINT, Span, Vip, Zone};
use crate::wire::edns::ExtendedError;
use crate::wire::reply::{Full, Owner, Section};
use crate::wire::rtype;
use crate::witness::{Silent, Witness};

/// Room for the addresses that a VIP answers this client; kept from packet to packet.
#[derive(Debug, Default)]
pub struct Hints {
    addresses: Vec<Address>,
    /// How many of them are IPv4.
    ipv4: usize,
    /// TTL of either family's addresses, in seconds.
    ttls: [u32; 2],
}

impl Hints {
    /// Forget all, and have room for whatever a VIP may answer: there is, but for the first packets.
    fn begin(&mut self, vip: &Vip, others: usize) {
        self.addresses.clear();
        self.addresses.reserve(vip.members as usize + others);
        (self.ipv4, self.ttls) = (0, [u32::MAX; 2]);
    }

    /// Take what was chosen of a family; IPv4 comes first.
    fn take(&mut self, zone: &Zone, family: Family, chosen: &Chosen, drawn: &[u32]) {
        match chosen.choice {
            Choice::Members => {
                let members = drawn.iter().filter_map(|&at| zone.members.get(at as usize));
                self.addresses.extend(members.map(|member| member.address));
            }
            Choice::Addresses(span) => {
                let fitting = span.of(&zone.addresses).iter();
                self.addresses.extend(fitting.filter(|address| address.family() == family));
            }
            Choice::Nodata | Choice::Servfail => {}
        }
        let [v4, v6] = &mut self.ttls;
        match family {
            Family::V4 => (*v4, self.ipv4) = (chosen.ttl, self.addresses.len()),
            Family::V6 => *v6 = chosen.ttl,
        }
    }

    /// The addresses of a family, and their TTL.
    fn of(&self, family: Family) -> (&[Address], u32) {
        let (ipv4, ipv6) = self.addresses.split_at_checked(self.ipv4).unwrap_or_default();
        let [v4, v6] = self.ttls;
        match family {
            Family::V4 => (ipv4, v4),
            Family::V6 => (ipv6, v6),
        }
    }
}

impl<W: Witness> Answer<'_, '_, W> {
    /// Draw what the VIP of these service records answers this client, unless that is done; give
    /// the least TTL of it. If the records were asked for, by this name, the witness is told.
    #[inline(never)]
    pub(super) fn draw_hints(&mut self, services: Span, asked: Option<&Name<'_>>) -> u32 {
        let linked = self.linked;
        let zone = &*linked.zone;
        let Some(vip) = zone.vip_of(services) else {
            return u32::MAX;
        };
        if self.hinted != Some(vip.index) {
            self.hints.begin(vip, zone.addresses.len());
            let mut asked = asked;
            for family in [Family::V4, Family::V6].into_iter().filter(|&one| vip.has(one)) {
                let client = &self.question.client;
                let tools = (&mut *self.rng, &mut *self.draw);
                let chosen = match asked.take() {
                    Some(name) if W::RECORDS => {
                        choose(linked, name.wire(), vip, family, client, tools, self.witness)
                    }
                    _ => choose(linked, &[], vip, family, client, tools, &mut Silent),
                };
                self.verdict.scope = self.verdict.scope.max(chosen.scope);
                if chosen.last_resort {
                    self.verdict.error = Some(ExtendedError::LastResort);
                }
                self.hints.take(zone, family, &chosen, self.draw.chosen());
            }
            self.hinted = Some(vip.index);
        }
        let [v4, v6] = self.hints.ttls;
        v4.min(v6)
    }

    /// Put service records with the hints that were drawn.
    pub(super) fn put_services(
        &mut self,
        owner: Owner<'_>,
        (rtype, ttl): (u16, u32),
        services: Span,
    ) -> Result<Option<u16>, Full> {
        let zone = &*self.linked.zone;
        let mut owner = owner;
        for (service, [before, between, after]) in zone.services(services) {
            let (place, start) = self.reply.open_record(owner, rtype, ttl)?;
            owner = place.map_or(owner, Owner::At);
            self.reply.put(before)?;
            if service.hinted {
                self.put_hint(IPV4HINT, Family::V4)?;
            }
            self.reply.put(between)?;
            if service.hinted {
                self.put_hint(IPV6HINT, Family::V6)?;
            }
            self.reply.put(after)?;
            self.reply.close(start)?;
        }
        Ok(None)
    }

    /// Put the hint of a family; an empty one is malformed, and is left out.
    fn put_hint(&mut self, key: u16, family: Family) -> Result<(), Full> {
        let (addresses, _) = self.hints.of(family);
        if addresses.is_empty() {
            return Ok(());
        }
        let start = self.reply.open_parameter(key)?;
        for address in addresses {
            self.reply.put(address.octets())?;
        }
        self.reply.close(start)
    }

    /// Put the addresses of a family that stand in hints as an RRset of their own.
    pub(super) fn put_hinted(&mut self, family: Family, owner: Owner<'_>) -> Result<(), Full> {
        let rtype = if family == Family::V4 { rtype::A } else { rtype::AAAA };
        let (mark, mut owner) = (self.reply.mark(), owner);
        let (addresses, ttl) = self.hints.of(family);
        for address in addresses {
            match self.reply.put_record(owner, rtype, ttl, address.octets()) {
                Ok(place) => owner = place.map_or(owner, Owner::At),
                Err(full) => {
                    self.reply.back_to(mark);
                    return Err(full);
                }
            }
            self.reply.count(Section::Additional, 1);
        }
        Ok(())
    }
}
