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
//! Each word is read once, so that a draw is of one moment although words change under it.
//! Sticky draws rank by a hash of the client network in the place of random bits: weighted
//! rendezvous hashing, where a lost member moves only its own clients.

use crate::random::{Rng, score};
use crate::snapshot::{
    Fallback, Family, Ladders, Link, Linked, Pool, Span, Steer, Vip, Word, Zone, sticky_bits,
};
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

/// One question to a ladder.
struct Climb<'a> {
    zone: &'a Zone,
    /// The VIP's pools, and where each of them is.
    pools: &'a [Pool],
    datacenters: &'a [u32],
    vip: &'a Vip,
    family: Family,
    ladders: &'a Ladders,
    class: u32,
    link: Option<&'a Link>,
    network: u64,
    sticky: bool,
}

/// Choose what a VIP answers to a client.
#[inline]
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
    // Clients that ask not to be located would all be one network, and all on one member.
    let sticky = vip.sticky && client.prefix > 0;
    let (network, sticky_prefix) = if sticky { client.sticky_network() } else { (0, 0) };
    let (pools, datacenters) = zone.pools_in(vip.pools);
    let climb =
        Climb { zone, pools, datacenters, vip, family, ladders, class, link, network, sticky };
    draw.make_room(vip);
    if !vip.has(family) {
        climb.tell_all(draw, witness);
        return Chosen { choice: Choice::Nodata, ttl: vip.ttl, scope: 0, slot: NO_SLOT };
    }
    let mut drawn = climb.walk(Basis::Live, rng, draw, witness);
    let mut choice = Choice::Members;
    if drawn.is_none() {
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
    let mut chosen = Chosen { choice, ttl: vip.ttl, scope: prefix, slot: vip.slot };
    if let Some(ttl_cap) = drawn {
        chosen.choice = Choice::Members;
        chosen.slot = draw.slot;
        chosen.ttl = vip.ttl.min(ttl_cap);
        chosen.scope = prefix.max(sticky_prefix);
    }
    if client.prefix == 0 {
        chosen.scope = 0; // RFC 7871 section 7.2.1: it asked not to be located
    }
    chosen
}

impl Climb<'_> {
    /// Draw in the first tier that has live weight; give the least TTL cap of the tier's members.
    #[inline]
    fn walk<W: Witness>(
        &self,
        basis: Basis,
        rng: &mut Rng,
        draw: &mut Draw,
        witness: &mut W,
    ) -> Option<u32> {
        let mut drawn = None;
        for (number, tier) in self.ladders.tiers(self.class).enumerate() {
            let total = self.weigh(number, tier, basis, draw, witness);
            if drawn.is_some() || total == 0 {
                continue;
            }
            let Some(pool) = self.draw_pool(total, rng, draw) else {
                continue;
            };
            self.draw_members(&pool, rng, draw);
            witness.drew(number, pool.pool, &draw.chosen);
            drawn = Some(draw.ttl_cap);
            if !W::RECORDS || basis == Basis::Configured {
                break;
            }
        }
        drawn
    }

    /// Tell the witness of all tiers, although none of them is asked.
    fn tell_all<W: Witness>(&self, draw: &mut Draw, witness: &mut W) {
        if W::RECORDS {
            for (number, tier) in self.ladders.tiers(self.class).enumerate() {
                self.weigh(number, tier, Basis::Live, draw, witness);
            }
        }
    }

    /// Read the weights of a tier's pools and members; give the sum of the live pools' weights.
    #[inline]
    fn weigh<W: Witness>(
        &self,
        number: usize,
        tier: &[u32],
        basis: Basis,
        draw: &mut Draw,
        witness: &mut W,
    ) -> u64 {
        if W::RECORDS && basis == Basis::Live {
            witness.tier(tier.iter().filter_map(|&at| self.name_of(at)).collect());
        }
        let Draw { candidates, weights, .. } = draw;
        let (mut total, mut first, mut ttl_cap) = (0, 0, Word::NO_CAP);
        let mut slots = candidates.iter_mut();
        let mut found = 0;
        for &datacenter in tier {
            let Some((index, pool)) = self.pool_in(datacenter) else { continue };
            let word = self.zone.pool_word(index);
            if W::RECORDS && basis == Basis::Live {
                self.tell_pool(index, pool, word, witness);
            }
            let weight = match basis {
                Basis::Live => u64::from(word.weight),
                Basis::Configured => u64::from(pool.weight) * u64::from(Word::ONE),
            };
            let members = pool.members(self.family);
            let room = weights.get_mut(first..).unwrap_or_default();
            if weight == 0 {
                continue;
            }
            let (sum, cap) = self.weigh_members(members, basis, room);
            ttl_cap = ttl_cap.min(cap);
            if sum > 0 {
                if let Some(slot) = slots.next() {
                    *slot = Candidate { pool: index, weight, sum, first, members };
                }
                found += 1;
                first += members.range().len();
                total += weight;
            }
        }
        (draw.found, draw.ttl_cap) = (found, ttl_cap);
        witness.weighed(number, basis, draw.candidates(), &draw.weights);
        total
    }

    /// Read the weights of a pool's members; give their sum and the least TTL cap.
    #[inline]
    fn weigh_members(&self, members: Span, basis: Basis, room: &mut [u32]) -> (u64, u32) {
        let (mut sum, mut cap) = (0, Word::NO_CAP);
        if basis == Basis::Live {
            for (slot, word) in room.iter_mut().zip(self.zone.member_words(members)) {
                cap = cap.min(word.ttl_cap);
                sum += u64::from(word.weight);
                *slot = word.weight;
            }
        } else {
            for (slot, member) in room.iter_mut().zip(members.of(&self.zone.members)) {
                *slot = u32::from(member.weight) * Word::ONE;
                sum += u64::from(*slot);
            }
        }
        (sum, cap)
    }

    /// Tell the witness of a pool and of its members of both families.
    fn tell_pool<W: Witness>(&self, index: u32, pool: &Pool, word: Word, witness: &mut W) {
        witness.pool(self.zone, index, pool, word);
        for family in [Family::V4, Family::V6] {
            let members = pool.members(family);
            let numbers = members.numbers().zip(members.of(&self.zone.members));
            for ((index, member), word) in numbers.zip(self.zone.member_words(members)) {
                let fits = family == self.family;
                witness.member(index, &member.address, member.weight, word, fits);
            }
        }
    }

    /// Draw one of the candidates by weight.
    #[inline]
    fn draw_pool(&self, total: u64, rng: &mut Rng, draw: &Draw) -> Option<Candidate> {
        if let [only] = draw.candidates() {
            return Some(*only);
        }
        if self.sticky {
            let rank = |candidate: &Candidate| {
                let seed = self.zone.pools.get(candidate.pool as usize).map_or(0, |pool| pool.seed);
                // Weights of pools take 48 bits at most, of which the upper 32 say enough.
                let weight = u32::try_from(candidate.weight).unwrap_or(u32::MAX);
                score(sticky_bits(seed, self.network), weight)
            };
            return draw.candidates().iter().copied().min_by(|a, b| rank(a).total_cmp(&rank(b)));
        }
        let mut left = rng.below(total);
        for candidate in draw.candidates() {
            if left < candidate.weight {
                return Some(*candidate);
            }
            left -= candidate.weight;
        }
        draw.candidates().last().copied()
    }

    /// Draw as many members of a pool as the VIP answers, by weight and without replacement.
    #[inline]
    fn draw_members(&self, pool: &Candidate, rng: &mut Rng, draw: &mut Draw) {
        draw.chosen.clear();
        draw.slot = self.zone.pools.get(pool.pool as usize).map_or(NO_SLOT, |pool| pool.slot);
        let count = pool.members.range().len();
        let weights = draw.weights.get(pool.first..pool.first + count).unwrap_or_default();
        let weighed = pool.members.numbers().zip(weights);
        if self.vip.answers == 1 && !self.sticky {
            // The only one needs no draw.
            let mut left = if count > 1 { rng.below(pool.sum) } else { 0 };
            for (member, &weight) in weighed {
                if left < u64::from(weight) {
                    draw.chosen.push(member);
                    return;
                }
                left -= u64::from(weight);
            }
            return;
        }
        draw.ranked.clear();
        for (member, &weight) in weighed.filter(|&(_, &weight)| weight > 0) {
            let bits = if self.sticky {
                let seed = self.zone.members.get(member as usize).map_or(0, |member| member.seed);
                sticky_bits(seed, self.network)
            } else {
                rng.bits()
            };
            draw.ranked.push((score(bits, weight), member));
        }
        draw.ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let wanted = match self.vip.answers {
            0 => draw.ranked.len(),
            answers => answers as usize,
        };
        draw.chosen.extend(draw.ranked.iter().take(wanted).map(|&(_, member)| member));
    }

    /// The VIP's pool in a datacenter of the ladder.
    #[inline]
    fn pool_in(&self, datacenter: u32) -> Option<(u32, &Pool)> {
        let datacenter = match self.link {
            Some(link) => link.datacenter(datacenter)?,
            None => datacenter,
        };
        let at = self.datacenters.iter().position(|&at| at == datacenter)?;
        Some((self.vip.pools.numbers().start + u32::try_from(at).ok()?, self.pools.get(at)?))
    }

    /// What a datacenter of the ladder is called.
    fn name_of(&self, datacenter: u32) -> Option<&str> {
        let names = match self.link {
            Some(link) => &link.map.datacenters,
            None => &self.zone.datacenters,
        };
        names.get(datacenter as usize).map(|name| &**name)
    }
}
