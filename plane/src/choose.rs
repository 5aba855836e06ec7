//! The ladder: which members of a VIP answer this client.
//!
//! ```text
//! tiers of the client, in order           of its class in the VIP's map, or of the VIP itself
//!   pools of the tier's datacenters       live: pool weight > 0 and a live member of the family
//!     members of the family               live: effective weight > 0
//! the first tier with a live pool answers: draw a pool by weight, then members by weight
//! no tier has one: the fallback
//! ```
//!
//! Each word is read once, so that a draw is of one moment although words change under it. Where
//! one member is answered, the shares are remembered until a word changes ([`flat`]).
//! Sticky draws rank by a hash of the client network in the place of random bits: weighted
//! rendezvous hashing, where a lost member moves only its own clients.

mod climb;
mod flat;

use self::climb::Climb;
use self::flat::{Key, Memory};
use crate::random::Rng;
use crate::snapshot::{Fallback, Family, Ladders, Link, Linked, Span, Steer, Vip, Zone};
use crate::tally::NO_SLOT;
use crate::witness::{Basis, Candidate, Client, Witness};

/// What a steered name answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The members left in [`Draw::chosen`].
    Members,
    /// These of the zone's fallback addresses, as far as they are of the family.
    Addresses(Span),
    /// No addresses.
    Nodata,
    /// SERVFAIL.
    Servfail,
}

/// A choice, how long it may be kept, and for how wide a network it is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// What is answered.
    pub choice: Choice,
    /// TTL in seconds.
    pub ttl: u32,
    /// ECS scope prefix length.
    pub scope: u8,
    /// Where it is counted.
    pub slot: u32,
}

/// Room for a draw; kept by a thread from packet to packet.
#[derive(Debug, Default)]
pub struct Draw {
    /// The pools that can be drawn in a tier, and how many there are.
    candidates: Box<[Candidate]>,
    found: usize,
    /// Weights of all members of the family that were read in a tier.
    weights: Box<[u32]>,
    ranked: Vec<(f64, u32)>,
    chosen: Vec<u32>,
    ttl_cap: u32,
    slot: u32,
    memory: Memory,
}

impl Draw {
    /// The members that were drawn, in their order, as indices of the zone's members.
    #[must_use]
    #[inline]
    pub fn chosen(&self) -> &[u32] {
        &self.chosen
    }

    #[inline]
    fn candidates(&self) -> &[Candidate] {
        self.candidates.get(..self.found).unwrap_or_default()
    }

    /// Have room for every pool and member of a VIP: there is, but for the first packets.
    #[inline]
    fn make_room(&mut self, vip: &Vip) {
        let (pools, members) = (vip.pools.range().len(), vip.members as usize);
        if self.candidates.len() < pools || self.weights.len() < members {
            self.grow(pools, members);
        }
    }

    #[cold]
    fn grow(&mut self, pools: usize, members: usize) {
        let nobody = Candidate::default();
        self.candidates = vec![nobody; pools.max(self.candidates.len())].into();
        self.weights = vec![0; members.max(self.weights.len())].into();
        self.ranked.reserve(members);
        self.chosen.reserve(members);
    }
}

/// Choose what a VIP answers to a client.
#[expect(clippy::inline_always, reason = "most answers of VIPs take only this, without the climb")]
#[inline(always)]
pub fn choose<W: Witness>(
    linked: &Linked,
    owner: &[u8],
    vip: &Vip,
    family: Family,
    client: &Client,
    (rng, draw): (&mut Rng, &mut Draw),
    witness: &mut W,
) -> Chosen {
    let zone = &*linked.zone;
    let (ladders, class, link, prefix) = match vip.steer {
        Steer::Own(class) => (&zone.ladders, class, None, 0),
        Steer::Map(map) => match linked.maps.get(map as usize) {
            Some(link) => {
                let (class, prefix) = link.map.find(client.address);
                (&link.map.ladders, class, Some(link), prefix)
            }
            None => {
                return Chosen { choice: Choice::Servfail, ttl: 0, scope: 0, slot: vip.slot };
            }
        },
    };
    witness.vip(owner, vip, link.map(|link| (&*link.map, class)), prefix);
    let key = Key {
        zone: zone.stamp,
        map: link.map_or(0, |link| link.map.stamp),
        version: zone.version(),
        vip: vip.index,
        class,
        family,
    };
    if !W::RECORDS && vip.answers == 1 && !vip.sticky && !vip.steady && vip.has(family) {
        if let Some(flat) = draw.memory.find(&key) {
            if let Some(drawn) = flat.draw(rng) {
                draw.chosen.clear();
                draw.chosen.push(drawn.member);
                return Chosen {
                    choice: Choice::Members,
                    ttl: vip.ttl.min(drawn.ttl_cap),
                    scope: if client.prefix == 0 { 0 } else { prefix },
                    slot: drawn.slot,
                };
            }
        }
    }
    climb(zone, vip, client, (ladders, link, prefix), key, (rng, draw), witness)
}

/// Choose by climbing the ladder, where nothing is remembered.
#[inline(never)]
fn climb<W: Witness>(
    zone: &Zone,
    vip: &Vip,
    client: &Client,
    (ladders, link, prefix): (&Ladders, Option<&Link>, u8),
    key: Key,
    (rng, draw): (&mut Rng, &mut Draw),
    witness: &mut W,
) -> Chosen {
    let Key { class, family, .. } = key;
    // Clients that ask not to be located would all be one network, and all on one member.
    let hashed = (vip.sticky || vip.steady) && client.prefix > 0;
    let (network, network_prefix) = if hashed { client.network(vip.prefixes) } else { (0, 0) };
    let (sticky, steady) = (vip.sticky && network_prefix > 0, vip.steady && network_prefix > 0);
    let (pools, datacenters) = zone.pools_in(vip.pools);
    let climb = Climb {
        zone,
        pools,
        datacenters,
        vip,
        family,
        ladders,
        class,
        link,
        network,
        sticky,
        steady,
        key,
    };
    draw.make_room(vip);
    if !vip.has(family) {
        climb.tell_all(draw, witness);
        return Chosen { choice: Choice::Nodata, ttl: vip.ttl, scope: 0, slot: NO_SLOT };
    }
    let mut drawn = climb.walk(Basis::Live, rng, draw, witness);
    let (mut choice, mut ttl) = (Choice::Members, vip.ttl);
    if drawn.is_none() {
        ttl = vip.fallback_ttl;
        let (word, otherwise) = match vip.fallback {
            Fallback::All => ("all", Choice::Nodata),
            Fallback::None => ("none", Choice::Nodata),
            Fallback::Servfail => ("servfail", Choice::Servfail),
            Fallback::Addresses(addresses) => ("addresses", Choice::Addresses(addresses)),
        };
        witness.fallback(word);
        choice = otherwise;
        if vip.fallback == Fallback::All {
            drawn = climb.walk(Basis::Configured, rng, draw, witness);
        }
    }
    let mut chosen = Chosen { choice, ttl, scope: prefix, slot: vip.slot };
    if let Some(ttl_cap) = drawn {
        chosen.choice = Choice::Members;
        chosen.slot = draw.slot;
        chosen.ttl = ttl.min(ttl_cap);
        chosen.scope = prefix.max(network_prefix);
    }
    if client.prefix == 0 {
        chosen.scope = 0; // RFC 7871 section 7.2.1: it asked not to be located
    }
    chosen
}
