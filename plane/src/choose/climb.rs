//! One climb up a ladder: weigh tier by tier, and draw in the first that is live.

use super::flat::{Flat, Key};
use super::{Asked, Draw, Place};
use crate::random::{Rng, score};
use crate::snapshot::{Family, Ladders, Link, Pool, Span, Vip, Word, Zone, shed_bits, sticky_bits};
use crate::witness::{Basis, Candidate, Client, Witness};

/// What was weighed of a tier, or of several as one.
#[derive(Clone, Copy)]
struct Weighed {
    /// How many pools can be drawn, the sum of their weights, and the least TTL cap.
    found: usize,
    total: u64,
    ttl_cap: u32,
    /// How many members were read.
    first: usize,
    /// Whether only pools that are live in every family can be drawn.
    whole: bool,
    /// Whether a live pool sheds some clients, and whether one sheds this client.
    sheds: bool,
    shed: bool,
}

impl Weighed {
    const NOTHING: Self = Self {
        found: 0,
        total: 0,
        ttl_cap: Word::NO_CAP,
        first: 0,
        whole: false,
        sheds: false,
        shed: false,
    };
}

/// One question to a ladder.
pub(super) struct Climb<'a> {
    zone: &'a Zone,
    vip: &'a Vip,
    family: Family,
    ladders: &'a Ladders,
    class: u32,
    link: Option<&'a Link>,
    client: &'a Client,
    network: u64,
    /// Whether pool and members are drawn by the network.
    sticky: bool,
    /// Whether the pool is.
    steady: bool,
    key: Key,
}

impl<'a> Climb<'a> {
    /// Begin where a client stands.
    pub(super) fn new(asked: &Asked<'a>, place: Place<'a>, key: Key) -> Self {
        let Asked { linked, vip, family, client } = *asked;
        let zone = &*linked.zone;
        // Clients that ask not to be located would all be one network, and all on one member.
        let hashed = (vip.sticky || vip.steady) && client.prefix > 0;
        let (network, prefix) = if hashed { client.network(vip.prefixes) } else { (0, 0) };
        Self {
            zone,
            vip,
            family,
            ladders: place.ladders,
            class: place.class,
            link: place.link,
            client,
            network,
            sticky: vip.sticky && prefix > 0,
            steady: vip.steady && prefix > 0,
            key,
        }
    }

    /// Draw in the first tier that has live weight; give the least TTL cap of the tier's members.
    #[inline(never)]
    pub(super) fn walk<W: Witness>(
        &self,
        basis: Basis,
        rng: &mut Rng,
        draw: &mut Draw,
        witness: &mut W,
    ) -> Option<u32> {
        let mut drawn = None;
        (draw.sheds, draw.by_network) = (false, false);
        let (mut sheds, mut shed) = (false, false);
        for (number, tier) in self.ladders.tiers(self.class).enumerate() {
            let weighed = self.weigh(tier, basis, Weighed::NOTHING, rng, draw, witness);
            (draw.found, draw.ttl_cap) = (weighed.found, weighed.ttl_cap);
            witness.weighed(number, basis, draw.candidates(), &draw.weights);
            if drawn.is_some() {
                continue;
            }
            (sheds, shed) = (sheds || weighed.sheds, shed || weighed.shed);
            draw.sheds = sheds;
            if weighed.total == 0 {
                continue;
            }
            let pool = match self.draw_flat(basis, rng, draw) {
                Some(pool) => pool,
                None => match self.draw_pool(weighed.total, basis, rng, draw) {
                    Some(pool) => {
                        self.draw_members(&pool, rng, draw);
                        pool.pool
                    }
                    None => continue,
                },
            };
            witness.drew(number, pool, &draw.chosen);
            drawn = Some(draw.ttl_cap);
            if !W::RECORDS || basis == Basis::Configured {
                break;
            }
        }
        if drawn.is_none() && shed { self.overflow(rng, draw, witness) } else { drawn }
    }

    /// Every pool that lives sheds this client: draw among all of them, in proportion to capacity.
    #[cold]
    fn overflow<W: Witness>(&self, rng: &mut Rng, draw: &mut Draw, witness: &mut W) -> Option<u32> {
        let mut weighed = Weighed::NOTHING;
        for tier in self.ladders.tiers(self.class) {
            weighed = self.weigh(tier, Basis::Overflow, weighed, rng, draw, witness);
        }
        (draw.found, draw.ttl_cap) = (weighed.found, weighed.ttl_cap);
        witness.weighed(0, Basis::Overflow, draw.candidates(), &draw.weights);
        let pool = self.draw_pool(weighed.total, Basis::Overflow, rng, draw)?;
        self.draw_members(&pool, rng, draw);
        witness.drew(0, pool.pool, &draw.chosen);
        Some(draw.ttl_cap)
    }

    /// Tell the witness of all tiers, although none of them is asked.
    pub(super) fn tell_all<W: Witness>(&self, rng: &mut Rng, draw: &mut Draw, witness: &mut W) {
        if W::RECORDS {
            for (number, tier) in self.ladders.tiers(self.class).enumerate() {
                let weighed = self.weigh(tier, Basis::Live, Weighed::NOTHING, rng, draw, witness);
                draw.found = weighed.found;
                witness.weighed(number, Basis::Live, draw.candidates(), &draw.weights);
            }
        }
    }

    /// Whether a pool with this word sheds the client. Those that ask not to be located are one
    /// network to us, and are shed by chance.
    #[cold]
    fn is_shed(&self, pool: &Pool, word: Word, rng: &mut Rng) -> bool {
        let bits = if self.client.prefix == 0 {
            u32::try_from(rng.bits() >> 32).unwrap_or(0)
        } else {
            shed_bits(pool.seed, self.client.network(self.vip.prefixes).0)
        };
        bits < word.shed()
    }

    /// Read the weights of a tier's pools and members; add what can be drawn to what was weighed.
    #[inline]
    fn weigh<W: Witness>(
        &self,
        tier: &[u32],
        basis: Basis,
        weighed: Weighed,
        rng: &mut Rng,
        draw: &mut Draw,
        witness: &mut W,
    ) -> Weighed {
        if W::RECORDS && basis == Basis::Live {
            witness.tier(tier.iter().filter_map(|&at| self.name_of(at)).collect());
        }
        let Draw { candidates, weights, .. } = draw;
        let Weighed { mut found, mut first, mut total, mut ttl_cap, .. } = weighed;
        let Weighed { mut whole, mut sheds, mut shed, .. } = weighed;
        for &datacenter in tier {
            let Some((index, pool)) = self.pool_in(datacenter) else { continue };
            let word = self.zone.pool_word(index);
            if W::RECORDS && basis == Basis::Live {
                self.tell_pool(index, pool, word, witness);
            }
            let weight = match basis {
                Basis::Live => u64::from(word.weight),
                Basis::Configured => u64::from(pool.weight) * u64::from(Word::ONE),
                Basis::Overflow if word.weight == 0 => 0,
                Basis::Overflow if pool.capacity == 0 => u64::from(pool.weight),
                Basis::Overflow => u64::from(pool.capacity),
            };
            let members = pool.members(self.family);
            let room = weights.get_mut(first..).unwrap_or_default();
            if weight == 0 {
                continue;
            }
            let (sum, cap) = self.weigh_members(members, basis, room);
            ttl_cap = ttl_cap.min(cap);
            if sum > 0 && basis == Basis::Live && word.shed() > 0 {
                sheds = true;
                if self.is_shed(pool, word, rng) {
                    shed = true;
                    witness.shed(index);
                    continue;
                }
            }
            if sum > 0 {
                let other = self.vip.steady && self.lives_in_all(pool, basis);
                if other && !whole {
                    // From here on only pools that are live in every family are candidates.
                    if W::RECORDS {
                        for candidate in candidates.get(..found).unwrap_or_default() {
                            witness.halved(candidate.pool);
                        }
                    }
                    (whole, found, total) = (true, 0, 0);
                } else if whole && !other {
                    witness.halved(index);
                    continue;
                }
                if let Some(slot) = candidates.get_mut(found) {
                    *slot = Candidate { pool: index, weight, sum, first, members };
                }
                found += 1;
                first += members.range().len();
                total += weight;
            }
        }
        Weighed { found, total, ttl_cap, first, whole, sheds, shed }
    }

    /// Whether a pool has live members of every family that its VIP has members of.
    fn lives_in_all(&self, pool: &Pool, basis: Basis) -> bool {
        [Family::V4, Family::V6].into_iter().filter(|&family| self.vip.has(family)).all(|family| {
            let members = pool.members(family);
            match basis {
                Basis::Live | Basis::Overflow => {
                    self.zone.member_words(members).any(|word| word.weight > 0)
                }
                Basis::Configured => {
                    members.of(&self.zone.members).iter().any(|member| member.weight > 0)
                }
            }
        })
    }

    /// Read the weights of a pool's members; give their sum and the least TTL cap.
    #[inline]
    fn weigh_members(&self, members: Span, basis: Basis, room: &mut [u32]) -> (u64, u32) {
        let (mut sum, mut cap) = (0, Word::NO_CAP);
        if basis == Basis::Configured {
            for (slot, member) in room.iter_mut().zip(members.of(&self.zone.members)) {
                *slot = u32::from(member.weight) * Word::ONE;
                sum += u64::from(*slot);
            }
        } else {
            for (slot, word) in room.iter_mut().zip(self.zone.member_words(members)) {
                cap = cap.min(word.ttl_cap);
                sum += u64::from(word.weight);
                *slot = word.weight;
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
                let told = self.zone.told(member);
                witness.member(index, &told, member.weight, word, fits);
            }
        }
    }

    /// Draw one member of all candidates by its share, where that is what is wanted; remember the
    /// shares, and give the member's pool.
    fn draw_flat(&self, basis: Basis, rng: &mut Rng, draw: &mut Draw) -> Option<u32> {
        if self.vip.answers != 1 || self.sticky || self.vip.steady {
            return None;
        }
        let flat = Flat::of(self.zone, draw.candidates(), &draw.weights)?;
        let drawn = flat.draw(rng)?;
        draw.chosen.clear();
        draw.chosen.push(drawn.member);
        draw.slot = drawn.slot;
        if basis == Basis::Live && !draw.sheds {
            draw.memory.keep(self.key, &flat, draw.ttl_cap);
        }
        let holds = |one: &&Candidate| one.members.numbers().contains(&drawn.member);
        draw.candidates().iter().find(holds).map(|one| one.pool)
    }

    /// Draw one of the candidates by weight.
    #[inline]
    fn draw_pool(
        &self,
        total: u64,
        basis: Basis,
        rng: &mut Rng,
        draw: &mut Draw,
    ) -> Option<Candidate> {
        if let [only] = draw.candidates() {
            return Some(*only);
        }
        let spills = basis == Basis::Overflow && self.client.prefix > 0;
        if self.sticky || self.steady || spills {
            draw.by_network = true;
            let network =
                if spills { self.client.network(self.vip.prefixes).0 } else { self.network };
            let rank = |candidate: &Candidate| {
                let seed = self.zone.pools.get(candidate.pool as usize).map_or(0, |pool| pool.seed);
                // Weights of pools take 48 bits at most, of which the upper 32 say enough.
                let weight = u32::try_from(candidate.weight).unwrap_or(u32::MAX);
                score(sticky_bits(seed, network), weight)
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
        draw.slot = self.zone.pool_slot(pool.pool);
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
        draw.by_network |= self.sticky && draw.ranked.len() > 1;
        draw.ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let wanted = match self.vip.answers {
            0 => draw.ranked.len(),
            answers => answers as usize,
        };
        draw.chosen.extend(draw.ranked.iter().take(wanted).map(|&(_, member)| member));
    }

    /// The VIP's pool in a datacenter of the ladder.
    #[inline]
    fn pool_in(&self, datacenter: u32) -> Option<(u32, &'a Pool)> {
        let datacenter = match self.link {
            Some(link) => link.datacenter(datacenter)?,
            None => datacenter,
        };
        let index = self.zone.pool_in(self.vip, datacenter)?;
        Some((index, self.zone.pools.get(index as usize)?))
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
