//! Who looks on while a packet is answered.
//!
//! The functions that answer packets tell a [`Witness`] each step as they take it. [`Silent`]
//! costs nothing: its methods are empty and are compiled away. `explain` hands in one that writes
//! everything down ([`crate::trace`]); it is the same decision, not a second one.

use std::net::IpAddr;

use crate::snapshot::{Address, Map, Pool, Span, Told, Vip, Word, World, Zone};
use crate::wire::reply::Verdict;

/// Where the client was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The client subnet option (RFC 7871).
    Ecs,
    /// The packet's source address.
    Source,
    /// What a front end told (PROXY protocol).
    Proxy,
}

/// For whom an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// An address of its network; IPv4-mapped addresses are IPv4 here.
    pub address: IpAddr,
    /// How many bits of the address are known; 0 from a client that asks not to be located.
    pub prefix: u8,
    /// Where it was taken from.
    pub origin: Origin,
}

impl Client {
    /// One address, which sent the packet or was told by a front end; IPv4-mapped ones are IPv4.
    #[must_use]
    #[inline]
    pub fn at(source: IpAddr, told: bool) -> Self {
        let address = source.to_canonical();
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        let origin = if told { Origin::Proxy } else { Origin::Source };
        Self { address, prefix, origin }
    }

    /// The network whose draws are alike, by prefix lengths of IPv4 (0 to 32) and of IPv6 (0 to
    /// 64); and the length that was taken.
    #[must_use]
    #[inline]
    pub fn network(&self, [v4, v6]: [u8; 2]) -> (u64, u8) {
        let (bits, width, prefix) = match self.address {
            IpAddr::V4(address) => (u64::from(address.to_bits()), 32, v4),
            IpAddr::V6(address) => (u64::try_from(address.to_bits() >> 64).unwrap_or(0), 64, v6),
        };
        let below = u32::from(u8::saturating_sub(width, prefix));
        (u64::MAX.checked_shl(below).map_or(0, |mask| bits & mask), prefix)
    }
}

/// What a name came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It exists and has what was asked for.
    Exact,
    /// A wildcard stood for it.
    Wildcard,
    /// It is delegated.
    Cut,
    /// It does not exist.
    Nxdomain,
    /// It exists without data of the type.
    Nodata,
    /// It is an alias whose target is elsewhere, or closes a loop.
    Cname,
    /// It stands below a DNAME.
    Dname,
}

/// By which weights a tier was weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Effective weights, as they are now.
    Live,
    /// Configured weights, under the fallback `all`.
    Configured,
    /// Capacities of the live pools of all tiers as one, where each of them sheds the client.
    Overflow,
}

/// A pool that can be drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// Which of the zone's pools.
    pub pool: u32,
    /// Its weight in 16.16 fixed point.
    pub weight: u64,
    /// The sum of its members' weights.
    pub sum: u64,
    /// Where the weights of its members begin among all that were read.
    pub first: usize,
    /// Its members of the family asked for.
    pub members: Span,
}

/// Told each step of an answer. Every method does nothing if left out.
pub trait Witness {
    /// Whether what nobody needs for the answer should be looked at too, only to be told.
    const RECORDS: bool;

    /// What is asked, and for whom.
    fn asked(&mut self, _name: &[u8], _rtype: u16, _client: &Client) {}
    /// Which front end told the source of the packet.
    fn told(&mut self, _front_end: IpAddr) {}
    /// Where it is answered from.
    fn zone(&mut self, _world: &World, _zone: &Zone) {}
    /// What a name came to; once for each name of a chain of aliases.
    fn name(&mut self, _name: &[u8], _lookup: Lookup) {}
    /// The name is steered; `map` has the client's class, and `prefix` is that of its range.
    fn vip(&mut self, _owner: &[u8], _vip: &Vip, _map: Option<(&Map, u32)>, _prefix: u8) {}
    /// The next tier begins.
    fn tier(&mut self, _datacenters: Vec<&str>) {}
    /// A pool of the tier, with its word.
    fn pool(&mut self, _zone: &Zone, _index: u32, _pool: &Pool, _word: Word) {}
    /// A member of the pool, with its word, and whether it is of the family asked for.
    fn member(
        &mut self,
        _index: u32,
        _target: &Told<'_>,
        _configured: u16,
        _word: Word,
        _fits: bool,
    ) {
    }
    /// A pool of the tier is live, but sheds this client.
    fn shed(&mut self, _pool: u32) {}
    /// A pool is passed over: it is live, but another of its tier is live in every family.
    fn halved(&mut self, _pool: u32) {}
    /// What can be drawn in a tier; `weights` are those of all members read in it.
    fn weighed(&mut self, _tier: usize, _basis: Basis, _pools: &[Candidate], _weights: &[u32]) {}
    /// What was drawn.
    fn drew(&mut self, _tier: usize, _pool: u32, _members: &[u32]) {}
    /// Nothing was live, and this was done.
    fn fallback(&mut self, _word: &'static str) {}
    /// What follows is of another VIP, which is asked as the fallback.
    fn other_vip(&mut self) {}
    /// An address that is answered, and its TTL.
    fn answered(&mut self, _address: &Address, _ttl: u32) {}
    /// An RRset that is answered.
    fn records(&mut self, _rtype: u16, _ttl: u32) {}
    /// What the reply says.
    fn replied(&mut self, _verdict: Verdict) {}
}

/// Looks away.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Witness for Silent {
    const RECORDS: bool = false;
}
