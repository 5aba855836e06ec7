//! Words: the numbers of a published zone that change in place.

use std::sync::atomic::{AtomicU64, Ordering};

use super::fault::Fault;

/// Store words at the places of these indices, or none if an index is out of range.
pub(super) fn store(
    words: &[AtomicU64],
    changes: &[(u32, u64)],
    what: &str,
    place: impl Fn(u32) -> Option<u32>,
) -> Result<(), Fault> {
    if let Some((index, _)) = changes.iter().find(|(index, _)| *index as usize >= words.len()) {
        let count = words.len();
        return Err(Fault::new(format!("there is no {what} {index}; the zone has {count}")));
    }
    for &(index, word) in changes {
        if let Some(slot) = place(index).and_then(|place| words.get(place as usize)) {
            slot.store(word, Ordering::Release);
        }
    }
    Ok(())
}

/// An effective weight and a TTL cap, read in one load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Weight in 16.16 fixed point; 0 means "not now".
    pub weight: u32,
    /// The most seconds an answer may be kept; all ones means no cap.
    pub ttl_cap: u32,
}

impl Word {
    /// The cap that caps nothing.
    pub const NO_CAP: u32 = u32::MAX;
    /// Of a pool's word: the share of clients that it sheds, of 2^32; it stands in the cap's place.
    #[must_use]
    #[inline]
    pub fn shed(self) -> u32 {
        self.ttl_cap
    }

    /// Weight 1 in fixed point.
    pub const ONE: u32 = 1 << 16;

    #[inline]
    pub(super) fn load(words: &[AtomicU64], index: u32) -> Self {
        words.get(index as usize).map_or(Self { weight: 0, ttl_cap: 0 }, Self::read)
    }

    #[inline]
    pub(super) fn read(word: &AtomicU64) -> Self {
        let word = word.load(Ordering::Acquire);
        Self {
            weight: u32::try_from(word & 0xffff_ffff).unwrap_or(0),
            ttl_cap: u32::try_from(word >> 32).unwrap_or(0),
        }
    }
}
