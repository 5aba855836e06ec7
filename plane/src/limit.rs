//! Response rate limiting: how often one client network has been given answers of one kind.
//!
//! A flood of questions with forged sources makes a server send its answers to somebody who never
//! asked. Answers of one kind to one network are counted second by second, long ones as several;
//! what is above the limit is sent truncated, so that a real client comes back over TCP, or not
//! sent at all. With this a network is sent little more than it seems to have asked: see [`cost`].
//!
//! ```text
//! network and kind ─▶ keyed hash ─▶ a row of 8 words, one cache line
//! a word:  tag 24 bits | second 16 bits | count 24 bits
//! found    it counts one more, or from 1 if its second is over
//! not      it takes the place of the word that says least: of a second that is over, or else of
//!          the smallest count, so that whoever floods is not pushed out by those who do not
//! ```
//!
//! Memory is fixed. Words are read and written without a lock: two threads that count the same
//! network at the same moment may count one answer too few, never one that was not given.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::random::{Rng, mix};

const WAYS: usize = 8;
const COUNT: u64 = 0xff_ffff;

/// What sort of answer is limited: each is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Records.
    Answer = 1,
    /// A denial: no such name, or no such data.
    Denial = 2,
    /// A referral.
    Referral = 3,
    /// An error.
    Error = 4,
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It is sent.
    Pass,
    /// It is sent truncated and empty.
    Slip,
    /// It is not sent.
    Drop,
}

/// Whom an answer goes to, as far as limits go: prefix lengths of client networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefixes {
    /// Of IPv4, at most 32.
    pub ipv4: u8,
    /// Of IPv6, at most 64.
    pub ipv6: u8,
}

impl Prefixes {
    /// The network of an address as a number; the two families never meet.
    #[must_use]
    #[inline]
    pub fn network(self, address: IpAddr) -> u64 {
        match address {
            IpAddr::V4(v4) => {
                let host = u32::MAX.checked_shr(self.ipv4.into()).unwrap_or(0);
                // No IPv6 network in use begins with these octets.
                0xffff_0000_0000_0000 | u64::from(v4.to_bits() & !host)
            }
            IpAddr::V6(v6) => {
                if let Some(v4) = v6.to_ipv4_mapped() {
                    return self.network(IpAddr::V4(v4));
                }
                let upper = u64::try_from(v6.to_bits() >> 64).unwrap_or(0);
                upper & !u64::MAX.checked_shr(self.ipv6.into()).unwrap_or(0)
            }
        }
    }
}

#[repr(align(64))]
#[derive(Default)]
struct Row([AtomicU64; WAYS]);

/// Counts by network and kind; shared by all threads.
pub struct Limiter {
    rows: Box<[Row]>,
    seed: u64,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Limiter({} entries)", self.entries())
    }
}

fn rows_for(entries: u32) -> usize {
    (entries as usize).div_ceil(WAYS).next_power_of_two()
}

impl Limiter {
    /// Make room for about so many networks; the hash is keyed by chance.
    #[must_use]
    pub fn new(entries: u32) -> Self {
        let rows = (0..rows_for(entries)).map(|_| Row::default()).collect();
        Self { rows, seed: Rng::from_system().bits() }
    }

    /// How many networks are remembered.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.rows.len() * WAYS
    }

    /// Whether it is as large as a new one for so many networks.
    #[must_use]
    pub fn is_for(&self, entries: u32) -> bool {
        self.rows.len() == rows_for(entries)
    }

    /// Count an answer of a kind to a network as `cost` answers, and rule on it.
    ///
    /// `limit` is in answers a second; `slip` says that every how many-th answer above it is sent
    /// truncated, 0 that none is. `now` is in seconds.
    #[must_use]
    #[inline]
    pub fn rule(
        &self,
        network: u64,
        (kind, cost): (Kind, u32),
        (limit, slip): (u32, u32),
        now: u32,
    ) -> Ruling {
        let hash = mix(mix(network ^ self.seed) ^ (kind as u64) << 56);
        let row = usize::try_from(hash & 0xffff_ffff).unwrap_or(0) & (self.rows.len() - 1);
        let Some(Row(words)) = self.rows.get(row) else {
            return Ruling::Pass;
        };
        let (tag, second) = (hash >> 40 | 1, u64::from(now & 0xffff));
        let Some(above) = count_in(words, tag, second, u64::from(cost), u64::from(limit)) else {
            return Ruling::Pass;
        };
        match slip {
            0 => Ruling::Drop,
            slip if above % u64::from(slip) == 0 => Ruling::Slip,
            _ => Ruling::Drop,
        }
    }
}

/// How many answers of the usual length an answer counts as: one, and one more for every 32 octets
/// that it is longer than its question.
#[must_use]
#[inline]
pub fn cost(question: usize, answer: usize) -> u32 {
    let more = answer.saturating_sub(question) / 32;
    u32::try_from(more).map_or(u32::MAX, |more| more + 1)
}

/// Count an answer; `None` if it is within the limit, else how many above it were before.
#[inline]
fn count_in(
    words: &[AtomicU64; WAYS],
    tag: u64,
    second: u64,
    cost: u64,
    limit: u64,
) -> Option<u64> {
    // Judged by what was before, so that the first answer of a second is sent however long it is.
    // What is above the limit is sent short, or not at all, and counts as one.
    let counted = |before: u64| if before < limit { before + cost } else { before + 1 };
    let above = |before: u64| before.checked_sub(limit);
    let [first, ..] = words;
    let (mut least, mut least_says) = (first, u64::MAX);
    for place in words {
        let word = place.load(Ordering::Relaxed);
        let current = word >> 24 & 0xffff == second;
        if word >> 40 == tag {
            let before = if current { word & COUNT } else { 0 };
            let count = counted(before).min(COUNT);
            place.store(tag << 40 | second << 24 | count, Ordering::Relaxed);
            return above(before);
        }
        let says = if current { word & COUNT } else { 0 };
        if says < least_says {
            (least, least_says) = (place, says);
        }
    }
    least.store(tag << 40 | second << 24 | counted(0).min(COUNT), Ordering::Relaxed);
    above(0)
}

#[cfg(test)]
mod tests {
    use super::Ruling::{Drop, Pass, Slip};
    use super::*;

    #[test]
    fn above_the_limit_every_slip_th_answer_is_truncated() {
        let limiter = Limiter::new(1024);
        let rulings = |slip| -> Vec<Ruling> {
            let network = u64::from(slip);
            (0..6).map(|_| limiter.rule(network, (Kind::Answer, 1), (2, slip), 7)).collect()
        };
        assert_eq!(rulings(0), [Pass, Pass, Drop, Drop, Drop, Drop]);
        assert_eq!(rulings(1), [Pass, Pass, Slip, Slip, Slip, Slip]);
        assert_eq!(rulings(2), [Pass, Pass, Slip, Drop, Slip, Drop]);
    }

    #[test]
    fn kinds_and_networks_are_counted_apart_and_each_second_anew() {
        let limiter = Limiter::new(1024);
        let pass =
            |network, kind, now| limiter.rule(network, (kind, 1), (1, 0), now) == Ruling::Pass;
        assert!(pass(1, Kind::Answer, 5) && !pass(1, Kind::Answer, 5));
        assert!(pass(1, Kind::Denial, 5) && pass(2, Kind::Answer, 5));
        assert!(pass(1, Kind::Answer, 6));
    }

    #[test]
    fn a_flood_of_many_networks_pushes_no_flooder_out() {
        let limiter = Limiter::new(1024);
        let rule = |network| limiter.rule(network, (Kind::Answer, 1), (100, 0), 9);
        assert_eq!((0..500).filter(|_| rule(1) == Ruling::Pass).count(), 100);
        for network in 2..200_000 {
            let _ = rule(network);
        }
        assert_eq!(rule(1), Ruling::Drop);
    }

    #[test]
    fn long_answers_count_as_several() {
        assert_eq!((cost(40, 40), cost(40, 71), cost(40, 72), cost(40, 1040)), (1, 1, 2, 32));
        let limiter = Limiter::new(1024);
        let rule = |cost| limiter.rule(1, (Kind::Answer, cost), (10, 2), 9);
        assert_eq!([rule(6), rule(6), rule(6), rule(1), rule(8)], [Pass, Pass, Slip, Drop, Slip]);
        let first = limiter.rule(2, (Kind::Answer, 11), (10, 0), 9);
        assert_eq!(first, Pass, "the first answer of a second is sent however long it is");
        assert_eq!(limiter.rule(2, (Kind::Answer, 1), (10, 0), 9), Drop);
    }

    #[test]
    fn networks_of_the_families_never_meet() {
        let prefixes = Prefixes { ipv4: 24, ipv6: 56 };
        let network = |text: &str| prefixes.network(text.parse().unwrap());
        assert_eq!(network("192.0.2.1"), network("192.0.2.255"));
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.9"));
        assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
        assert_eq!(network("2001:db8:0:ff::1"), network("2001:db8:0:1::"));
        assert_ne!(network("2001:db8:0:100::1"), network("2001:db8:0:1::"));
        let all = Prefixes { ipv4: 0, ipv6: 0 };
        assert_ne!(all.network("0.0.0.0".parse().unwrap()), all.network("::1".parse().unwrap()));
    }
}
