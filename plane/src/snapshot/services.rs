//! Service records at a VIP's name: where the hints go that are written for each client.
//!
//! `ipv4hint` and `ipv6hint` (RFC 9460 section 7.3) name what A and AAAA answer this client. They
//! belong into records in `ServiceMode` that lead to the VIP itself, by its name or by the root
//! (section 2.5). Keys stand in ascending order (section 2.2), so each such record is cut in two
//! places when it is published.

use super::build::{Builder, place_of};
use super::fault::Fault;
use super::rdata;
use super::steer::{Span, Vip};
use super::table::NONE;
use super::zone::{Body, RECORD_HEAD, Zone};
use crate::wire::rtype;

/// The key of IPv4 hints (RFC 9460 section 14.3.2).
pub const IPV4HINT: u16 = 4;
/// The key of IPv6 hints.
pub const IPV6HINT: u16 = 6;

/// The data of a service record at a VIP's name, taken apart where hints go (RFC 9460 section 7.3).
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Which of the zone's VIPs it is of.
    pub vip: u32,
    /// Whether it leads to the VIP itself, so that hints belong into it.
    pub hinted: bool,
    /// What stands before `ipv4hint`; all of it if there are no hints.
    before: Span,
    /// What stands between `ipv4hint` and `ipv6hint`.
    between: Span,
    /// What stands behind.
    after: Span,
}

impl Zone {
    /// Service records of a VIP, each with its data in three parts.
    #[inline]
    pub fn services(&self, records: Span) -> impl Iterator<Item = (&Service, [&[u8]; 3])> {
        let part = |span: Span| span.of(&self.octets);
        let services = records.of(&self.services).iter();
        services.map(move |one| (one, [part(one.before), part(one.between), part(one.after)]))
    }

    /// The VIP that service records are of.
    #[must_use]
    pub fn vip_of(&self, records: Span) -> Option<&Vip> {
        let service = records.of(&self.services).first()?;
        self.vips.get(service.vip as usize)
    }
}

impl Builder<'_> {
    /// Take the service records of all VIPs apart.
    pub(super) fn services(&mut self) -> Result<Vec<Service>, Fault> {
        let mut services = Vec::new();
        for (node, owner) in self.tree.nodes.iter().zip(&self.tree.wires) {
            if node.vip == NONE {
                continue;
            }
            for rrset in self.rrsets.get_mut(node.rrsets.range()).unwrap_or_default() {
                let (rtype::SVCB | rtype::HTTPS, Body::Whole(records)) = (rrset.rtype, rrset.body)
                else {
                    continue;
                };
                let start = services.len();
                let mut at = records.range().start;
                while at < records.range().end {
                    let service = service(&self.octets, &mut at, owner, node.vip);
                    let place = || format!("{} {}", place_of(owner), rtype::to_text(rrset.rtype));
                    services.push(service.map_err(|fault| fault.within(place()))?);
                }
                if services.iter().skip(start).any(|service| service.hinted) {
                    rrset.body = Body::Services(Span::between(start, services.len())?);
                } else {
                    services.truncate(start);
                }
            }
        }
        Ok(services)
    }
}

/// Take the record apart that stands at a place among the octets, and go on behind it.
fn service(octets: &[u8], at: &mut usize, owner: &[u8], vip: u32) -> Result<Service, Fault> {
    let cut_off = || Fault::new("has data that is cut off");
    let head = octets.get(*at..).and_then(<[u8]>::first_chunk::<RECORD_HEAD>);
    let &[.., l1, l2] = head.ok_or_else(cut_off)?;
    let start = *at + RECORD_HEAD;
    let end = start + usize::from(u16::from_be_bytes([l1, l2]));
    let data = octets.get(start..end).ok_or_else(cut_off)?;
    *at = end;
    let parts = rdata::parts(rtype::SVCB, data).map_err(Fault::new)?;
    let leads_here =
        parts.first.is_some_and(|name| *name == [0] || name.eq_ignore_ascii_case(owner));
    let hinted = leads_here && parts.before != [0, 0];
    let (ipv4, ipv6) = if hinted {
        let parameters = end - parts.after.len();
        let (ipv4, ipv6) = places(parts.after)?;
        (parameters + ipv4, parameters + ipv6)
    } else {
        (end, end)
    };
    Ok(Service {
        vip,
        hinted,
        before: Span::between(start, ipv4)?,
        between: Span::between(ipv4, ipv6)?,
        after: Span::between(ipv6, end)?,
    })
}

/// Where `ipv4hint` and `ipv6hint` would stand among parameters that have neither.
fn places(parameters: &[u8]) -> Result<(usize, usize), Fault> {
    let cut_off = || Fault::new("has parameters that are cut off");
    let (mut ipv4, mut ipv6, mut least) = (0, 0, 0);
    let mut rest = parameters;
    while !rest.is_empty() {
        let (&[k1, k2, l1, l2], below) = rest.split_first_chunk().ok_or_else(cut_off)?;
        let (key, length) = (u16::from_be_bytes([k1, k2]), u16::from_be_bytes([l1, l2]));
        if u32::from(key) < least {
            return Err(Fault::new("has parameters out of order"));
        }
        least = u32::from(key) + 1;
        rest = below.get(usize::from(length)..).ok_or_else(cut_off)?;
        let end = parameters.len() - rest.len();
        match key {
            IPV4HINT | IPV6HINT => {
                return Err(Fault::new("has address hints, which are written for each client"));
            }
            0..IPV4HINT => (ipv4, ipv6) = (end, end),
            5 => ipv6 = end,
            _ => {}
        }
    }
    Ok((ipv4, ipv6))
}
