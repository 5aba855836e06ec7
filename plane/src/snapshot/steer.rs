//! What steers a VIP name: pools, members, ladders. Numbers only; the words stand in the zone.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::fault::Fault;
use super::table::NameId;
use crate::name::to_text;

/// A part of one of the zone's flat lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The part between two lengths of a list, before and after it grew.
    pub(super) fn between(start: usize, end: usize) -> Result<Self, Fault> {
        let number = |at| u32::try_from(at).map_err(|_| Fault::new("the document is too large"));
        Ok(Self { start: number(start)?, end: number(end)? })
    }

    /// As a range of indices.
    #[must_use]
    #[inline]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The part itself.
    #[must_use]
    #[inline]
    pub fn of<T>(self, list: &[T]) -> &[T] {
        list.get(self.range()).unwrap_or_default()
    }

    /// The indices themselves.
    #[must_use]
    #[inline]
    pub fn numbers(self) -> Range<u32> {
        self.start..self.end
    }

    /// Whether there is nothing in it.
    #[must_use]
    #[inline]
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// Which addresses a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A records (RFC 1035).
    V4,
    /// AAAA records (RFC 3596).
    V6,
}

/// An address as record data; an IPv4 address stands in the first four octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    octets: [u8; 16],
    family: Family,
}

impl Address {
    /// What stands in the place of an address where there is a name.
    pub(super) const NONE: Self = Self { octets: [0; 16], family: Family::V4 };

    /// Read 4 or 16 octets.
    ///
    /// # Errors
    /// A fault if there are more, or fewer.
    pub fn read(data: &[u8]) -> Result<Self, Fault> {
        if let Ok(v4) = <[u8; 4]>::try_from(data) {
            let mut octets = [0; 16];
            for (to, from) in octets.iter_mut().zip(v4) {
                *to = from;
            }
            return Ok(Self { octets, family: Family::V4 });
        }
        match <[u8; 16]>::try_from(data) {
            Ok(octets) => Ok(Self { octets, family: Family::V6 }),
            Err(_) => Err(Fault::new("an address has neither 4 nor 16 octets")),
        }
    }

    /// Which family it is of.
    #[must_use]
    #[inline]
    pub fn family(&self) -> Family {
        self.family
    }

    /// The record data.
    #[must_use]
    #[inline]
    pub fn octets(&self) -> &[u8] {
        match self.family {
            Family::V4 => self.octets.get(..4).unwrap_or_default(),
            Family::V6 => &self.octets,
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.family {
            Family::V4 => {
                let octets = self.octets.first_chunk::<4>().copied().unwrap_or_default();
                Ipv4Addr::from(octets).fmt(f)
            }
            Family::V6 => Ipv6Addr::from(self.octets).fmt(f),
        }
    }
}

/// What a member is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'z> {
    /// An address.
    Address(Address),
    /// A name in wire form.
    Name(&'z [u8]),
}

impl std::fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(wire) => f.write_str(&to_text(wire)),
        }
    }
}

/// An address, or a name, that may be answered.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// What is answered; of no meaning where there is a name.
    pub address: Address,
    /// What is answered as CNAME; NONE where an address is.
    pub name: NameId,
    /// The configured weight.
    pub weight: u16,
    /// What sticky draws hash it by: VIP, datacenter and target, the same on every node.
    pub seed: u64,
}

/// Members in one datacenter.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Which of the zone's datacenters.
    pub datacenter: u32,
    /// Where its answers are counted.
    pub slot: u32,
    /// The configured weight.
    pub weight: u16,
    /// The members that A asks for.
    pub ipv4: Span,
    /// The members that AAAA asks for.
    pub ipv6: Span,
    /// What sticky draws hash it by: VIP and datacenter, the same on every node.
    pub seed: u64,
    /// What it takes beside the others where all of them shed; 0 if that is not known.
    pub capacity: u32,
}

impl Pool {
    /// The members of a family.
    #[must_use]
    #[inline]
    pub fn members(&self, family: Family) -> Span {
        match family {
            Family::V4 => self.ipv4,
            Family::V6 => self.ipv6,
        }
    }
}

/// What a VIP answers when nothing is live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// As if every member were up, by configured weights.
    All,
    /// NODATA.
    None,
    /// SERVFAIL.
    Servfail,
    /// These of the zone's fallback addresses.
    Addresses(Span),
    /// What this one of the zone's VIPs answers.
    Vip(u32),
}

/// Where a VIP's tiers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// In the zone's own ladders, at this class, for all clients.
    Own(u32),
    /// In this one of the zone's maps, at the client's class.
    Map(u32),
}

/// A steered name.
#[derive(Clone, Copy, Debug)]
pub struct Vip {
    /// TTL of its answers in seconds, before caps.
    pub ttl: u32,
    /// How many members an answer has; 0 means all of the pool drawn.
    pub answers: u32,
    /// Whether a client network keeps its pool and members.
    pub sticky: bool,
    /// Whether a client network keeps its pool, in which both families are live if one such is.
    pub steady: bool,
    /// Prefix lengths of client networks, of IPv4 and of IPv6.
    pub prefixes: [u8; 2],
    /// What to do when nothing is live.
    pub fallback: Fallback,
    /// TTL of what the fallback answers, in seconds.
    pub fallback_ttl: u32,
    /// Where its tiers stand.
    pub steer: Steer,
    /// Where its fallbacks are counted.
    pub slot: u32,
    /// Its part of the zone's pools.
    pub pools: Span,
    /// Which of the zone's VIPs it is.
    pub index: u32,
    /// How many members it has.
    pub members: u32,
    /// Whether it has members that A asks for, and that AAAA asks for. Names count as the former.
    pub has: [bool; 2],
    /// Whether its members are names, answered as CNAME.
    pub names: bool,
}

impl Vip {
    /// Whether it has members of a family, live or not.
    #[must_use]
    #[inline]
    pub fn has(&self, family: Family) -> bool {
        let [v4, v6] = self.has;
        match family {
            Family::V4 => v4,
            Family::V6 => v6,
        }
    }
}

/// Ladders by class: each a list of tiers, each a list of datacenters; three flat lists.
#[derive(Debug, Default)]
pub struct Ladders {
    classes: Vec<Span>,
    tiers: Vec<Span>,
    datacenters: Vec<u32>,
}

impl Ladders {
    /// Add a ladder whose datacenters are below `count`; give its class.
    pub(super) fn add(&mut self, ladder: &[Vec<u32>], count: usize) -> Result<u32, Fault> {
        let first = self.tiers.len();
        for tier in ladder {
            let start = self.datacenters.len();
            for &datacenter in tier {
                if datacenter as usize >= count {
                    return Err(Fault::new(format!(
                        "a tier has datacenter {datacenter}, but there are only {count}"
                    )));
                }
                self.datacenters.push(datacenter);
            }
            self.tiers.push(Span::between(start, self.datacenters.len())?);
        }
        let class = u32::try_from(self.classes.len())
            .map_err(|_| Fault::new("there are too many classes"))?;
        self.classes.push(Span::between(first, self.tiers.len())?);
        Ok(class)
    }

    /// How many classes there are.
    pub(super) fn len(&self) -> usize {
        self.classes.len()
    }

    /// The tiers of a class, in order, each as its datacenters.
    #[inline]
    pub fn tiers(&self, class: u32) -> impl Iterator<Item = &[u32]> {
        let tiers = self.classes.get(class as usize).map_or(&[][..], |span| span.of(&self.tiers));
        tiers.iter().map(|tier| tier.of(&self.datacenters))
    }
}
