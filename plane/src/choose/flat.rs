//! A draw in one step: the members of a tier with their shares, flat, as long as no weight changes.
//!
//! Drawing a pool by weight and then a member by weight gives each member a share: the product of
//! the two. While no word of the zone changes these shares stay, so a thread remembers them for
//! the VIPs that are asked for, and a draw is one number and one short search. A zone counts the
//! changes of its words ([`crate::snapshot::Zone::version`]); what was remembered at another count
//! is worked out anew. Health stays a number: nothing is told to anybody, and nothing waits.

use crate::random::Rng;
use crate::snapshot::{Family, Zone};
use crate::tally::NO_SLOT;
use crate::witness::Candidate;

/// Members of a tier that fit; with more the two steps are taken.
const MEMBERS: usize = 12;
/// How many draws a thread remembers: about 1 MB.
const ROOM: usize = 4096;

/// Of which draw something is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The zone's and the map's stamps: which documents they were built from.
    pub(super) zone: u64,
    pub(super) map: u64,
    /// The zone's count of changes, read before its words.
    pub(super) version: u64,
    pub(super) vip: u32,
    pub(super) class: u32,
    pub(super) family: Family,
}

impl Key {
    #[inline]
    fn place(&self) -> usize {
        // VIPs of one zone stand beside each other, the families apart, so that none is in the way
        // of another as long as there are fewer than half as many as places.
        let family = if self.family == Family::V6 { ROOM / 2 } else { 0 };
        // Without a map the class says no more than the VIP.
        let class = if self.map == 0 { 0 } else { u64::from(self.class) * 0x9e3 };
        let others = (self.zone ^ self.map << 5).wrapping_mul(0x9e5) ^ class;
        let others = usize::try_from(others % ROOM as u64).unwrap_or(0);
        (self.vip as usize + family + others) % ROOM
    }
}

/// Members with their shares.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flat {
    key: Option<Key>,
    ttl_cap: u32,
    count: usize,
    /// The share of each member and of those before it, of 2^64.
    upto: [u64; MEMBERS],
    members: [u32; MEMBERS],
    /// Where an answer of the member's pool is counted.
    slots: [u32; MEMBERS],
}

/// What was drawn.
pub(super) struct Drawn {
    pub(super) member: u32,
    pub(super) slot: u32,
    pub(super) ttl_cap: u32,
}

impl Flat {
    const EMPTY: Self = Self {
        key: None,
        ttl_cap: 0,
        count: 0,
        upto: [0; MEMBERS],
        members: [0; MEMBERS],
        slots: [NO_SLOT; MEMBERS],
    };

    /// Work out the shares of what can be drawn in a tier; `None` if there are too many members.
    pub(super) fn of(zone: &Zone, candidates: &[Candidate], weights: &[u32]) -> Option<Self> {
        let total: u64 = candidates.iter().map(|candidate| candidate.weight).sum();
        let mut flat = Self::EMPTY;
        let mut before = 0u64;
        for candidate in candidates {
            let slot = zone.pool_slot(candidate.pool);
            let share = fraction(candidate.weight, total, u64::MAX);
            let Candidate { members, first, sum, .. } = *candidate;
            let weights = weights.get(first..first + members.range().len())?;
            let mut within = 0;
            for (member, &weight) in members.numbers().zip(weights) {
                if weight == 0 {
                    continue;
                }
                within += u64::from(weight);
                let at = flat.count;
                *flat.upto.get_mut(at)? = before + fraction(within, sum, share);
                *flat.members.get_mut(at)? = member;
                *flat.slots.get_mut(at)? = slot;
                flat.count += 1;
            }
            before += share;
        }
        // What was rounded away is the last one's.
        *flat.upto.get_mut(flat.count.checked_sub(1)?)? = u64::MAX;
        Some(flat)
    }

    /// Draw one member.
    #[expect(clippy::inline_always, reason = "it has one hot caller")]
    #[inline(always)]
    pub(super) fn draw(&self, rng: &mut Rng) -> Option<Drawn> {
        // The only one needs no draw.
        let bits = if self.count > 1 { rng.bits() } else { 0 };
        let at = self.upto.iter().take(self.count).position(|&upto| bits <= upto)?;
        let (&member, &slot) = (self.members.get(at)?, self.slots.get(at)?);
        Some(Drawn { member, slot, ttl_cap: self.ttl_cap })
    }
}

/// `part` of `whole`, as that fraction of `of`.
fn fraction(part: u64, whole: u64, of: u64) -> u64 {
    let wide = u128::from(of) * u128::from(part) / u128::from(whole.max(1));
    u64::try_from(wide).unwrap_or(u64::MAX)
}

/// What a thread remembers: one draw at each place, the newest. There is no room for any before the
/// first, since not every thread draws.
#[derive(Debug, Default)]
pub(super) struct Memory(Box<[Flat]>);

impl Memory {
    /// What is remembered of a draw.
    #[inline]
    pub(super) fn find(&self, key: &Key) -> Option<&Flat> {
        self.0.get(key.place()).filter(|flat| flat.key.as_ref() == Some(key))
    }

    /// Remember a draw.
    pub(super) fn keep(&mut self, key: Key, flat: &Flat, ttl_cap: u32) {
        if self.0.is_empty() {
            self.0 = vec![Flat::EMPTY; ROOM].into();
        }
        if let Some(place) = self.0.get_mut(key.place()) {
            *place = Flat { key: Some(key), ttl_cap, ..*flat };
        }
    }
}
