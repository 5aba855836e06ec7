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
    Fallback, Family, Ladders, Link, Linked, Member, Span, Steer, Vip, Word, Zone, sticky_bits,
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
    candidates: Vec<Candidate>,
    /// Member and weight, for all members of the family that were read in a tier.
    weights: Vec<(u32, u32)>,
    ranked: Vec<(f64, u32)>,
    chosen: Vec<u32>,
    ttl_cap: u32,
    slot: u32,
}

impl Draw {
    /// The members that were drawn, in their order, as indices of the zone's members.
    #[must_use]
    pub fn chosen(&self) -> &[u32] {
        &self.chosen
    }
}

/// One question to a ladder.
struct Climb<'a> {
    zone: &'a Zone,
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
    let (network, sticky_prefix) = client.sticky_network();
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
    let climb = Climb { zone, vip, family, ladders, class, link, network, sticky };
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
        chosen.scope = prefix.max(if sticky { sticky_prefix } else { 0 });
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
        draw.candidates.clear();
        draw.weights.clear();
        draw.ttl_cap = Word::NO_CAP;
        if W::RECORDS && basis == Basis::Live {
            witness.tier(tier.iter().filter_map(|&at| self.name_of(at)).collect());
        }
        let mut total = 0;
        for &datacenter in tier {
            if let Some(index) = self.pool_in(datacenter) {
                total += self.weigh_pool(index, basis, draw, witness);
            }
        }
        witness.weighed(number, basis, &draw.candidates, &draw.weights);
        total
    }

    /// Read a pool and its members; give its weight if it can be drawn, else 0.
    #[inline]
    fn weigh_pool<W: Witness>(
        &self,
        index: u32,
        basis: Basis,
        draw: &mut Draw,
        witness: &mut W,
    ) -> u64 {
        let Some(pool) = self.zone.pools.get(index as usize) else {
            return 0;
        };
        let word = self.zone.pool_word(index);
        if W::RECORDS && basis == Basis::Live {
            witness.pool(self.zone, index, pool, word);
            let other = if self.family == Family::V4 { Family::V6 } else { Family::V4 };
            for (index, member) in members(self.zone, pool.members(other)) {
                let word = self.zone.member_word(member.word);
                witness.member(index, &member.address, member.weight, word, false);
            }
        }
        let weight = match basis {
            Basis::Live => u64::from(word.weight),
            Basis::Configured => u64::from(pool.weight) * u64::from(Word::ONE),
        };
        if weight == 0 && !W::RECORDS {
            return 0;
        }
        let (first, mut sum, mut ttl_cap) = (draw.weights.len(), 0, Word::NO_CAP);
        for (index, member) in members(self.zone, pool.members(self.family)) {
            let word = self.zone.member_word(member.word);
            if W::RECORDS && basis == Basis::Live {
                witness.member(index, &member.address, member.weight, word, true);
            }
            let weight = match basis {
                Basis::Live => word.weight,
                Basis::Configured => u32::from(member.weight) * Word::ONE,
            };
            ttl_cap = ttl_cap.min(word.ttl_cap);
            draw.weights.push((index, weight));
            sum += u64::from(weight);
        }
        if weight == 0 || sum == 0 {
            if weight > 0 {
                draw.ttl_cap = draw.ttl_cap.min(ttl_cap);
            }
            draw.weights.truncate(first);
            return 0;
        }
        draw.ttl_cap = draw.ttl_cap.min(ttl_cap);
        draw.candidates.push(Candidate { pool: index, weight, sum, first });
        weight
    }

    /// Draw one of the candidates by weight.
    #[inline]
    fn draw_pool(&self, total: u64, rng: &mut Rng, draw: &Draw) -> Option<Candidate> {
        if let [only] = *draw.candidates {
            return Some(only);
        }
        if self.sticky {
            let rank = |candidate: &Candidate| {
                let seed = self.zone.pools.get(candidate.pool as usize).map_or(0, |pool| pool.seed);
                // Weights of pools take 48 bits at most, of which the upper 32 say enough.
                let weight = u32::try_from(candidate.weight).unwrap_or(u32::MAX);
                score(sticky_bits(seed, self.network), weight)
            };
            return draw.candidates.iter().copied().min_by(|a, b| rank(a).total_cmp(&rank(b)));
        }
        let mut left = rng.below(total);
        for candidate in &draw.candidates {
            if left < candidate.weight {
                return Some(*candidate);
            }
            left -= candidate.weight;
        }
        draw.candidates.last().copied()
    }

    /// Draw as many members of a pool as the VIP answers, by weight and without replacement.
    #[inline]
    fn draw_members(&self, pool: &Candidate, rng: &mut Rng, draw: &mut Draw) {
        draw.chosen.clear();
        let Some(drawn) = self.zone.pools.get(pool.pool as usize) else {
            return;
        };
        draw.slot = drawn.slot;
        let count = drawn.members(self.family).range().len();
        let weights = draw.weights.get(pool.first..pool.first + count).unwrap_or_default();
        if self.vip.answers == 1 && !self.sticky {
            let mut left = rng.below(pool.sum);
            for &(member, weight) in weights {
                if left < u64::from(weight) {
                    draw.chosen.push(member);
                    return;
                }
                left -= u64::from(weight);
            }
            return;
        }
        draw.ranked.clear();
        for &(member, weight) in weights.iter().filter(|&&(_, weight)| weight > 0) {
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
    fn pool_in(&self, datacenter: u32) -> Option<u32> {
        let datacenter = match self.link {
            Some(link) => link.datacenter(datacenter)?,
            None => datacenter,
        };
        let span = self.vip.pools.range();
        let pools = self.vip.pools.of(&self.zone.pools);
        let at = pools.iter().position(|pool| pool.datacenter == datacenter)?;
        u32::try_from(span.start + at).ok()
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

/// Members with their indices in the zone.
#[inline]
fn members(zone: &Zone, span: Span) -> impl Iterator<Item = (u32, &Member)> {
    let first = u32::try_from(span.range().start).unwrap_or(0);
    (first..).zip(span.of(&zone.members))
}
