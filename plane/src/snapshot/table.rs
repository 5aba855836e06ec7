//! Where names are found by their hash: open addressing, half empty, never changed once built.

use crate::name::{Name, Suffix};

/// No index.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Slot {
    tag: u32,
    index: u32,
}

/// Indices by the hash of a name; the caller compares the name itself.
#[derive(Debug)]
pub(super) struct Table {
    slots: Box<[Slot]>,
    mask: usize,
}

/// A hash as a place in the table and a tag that tells most neighbours apart.
#[inline]
fn place(hash: u64) -> (usize, u32) {
    let tag = u32::try_from(hash >> 32).unwrap_or(0);
    // The lowest octet of a name's hash is always 0.
    (usize::try_from(hash >> 8 & 0xffff_ffff).unwrap_or(0), tag)
}

impl Table {
    /// Store index i under the i-th hash.
    pub(super) fn new(hashes: &[u64]) -> Self {
        let size = (hashes.len() * 2).next_power_of_two().max(4);
        let mask = size - 1;
        let mut slots = vec![Slot { tag: 0, index: NONE }; size];
        for (index, &hash) in (0u32..).zip(hashes) {
            let (mut at, tag) = place(hash);
            loop {
                match slots.get_mut(at & mask) {
                    Some(slot) if slot.index == NONE => {
                        *slot = Slot { tag, index };
                        break;
                    }
                    _ => at += 1,
                }
            }
        }
        Self { slots: slots.into(), mask }
    }

    /// The index stored under a hash for which `same` holds.
    #[inline]
    pub(super) fn find(&self, hash: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        let (mut at, tag) = place(hash);
        loop {
            let slot = self.slots.get(at & self.mask)?;
            if slot.index == NONE {
                return None;
            }
            if slot.tag == tag && same(slot.index) {
                return Some(slot.index);
            }
            at += 1;
        }
    }
}

/// Names that stand in record data, split once so that they are compressed and followed quickly.
#[derive(Debug, Default)]
pub struct Names {
    wire: Vec<u8>,
    suffixes: Vec<Suffix>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    wire: u32,
    suffixes: u32,
    octets: u8,
    labels: u8,
}

/// Which of [`Names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameId(pub(super) u32);

impl NameId {
    /// Where a name may stand and none does.
    pub const NONE: Self = Self(NONE);
}

impl Names {
    /// Add a name that was split; `None` if there are too many.
    pub(super) fn add(&mut self, name: Name<'_>) -> Option<NameId> {
        let id = NameId(u32::try_from(self.entries.len()).ok()?);
        self.entries.push(Entry {
            wire: u32::try_from(self.wire.len()).ok()?,
            suffixes: u32::try_from(self.suffixes.len()).ok()?,
            octets: u8::try_from(name.wire().len()).ok()?,
            labels: u8::try_from(name.labels()).ok()?,
        });
        self.wire.extend_from_slice(name.wire());
        self.suffixes.extend_from_slice(name.suffixes());
        Some(id)
    }

    /// A name that was added; the empty one for an id of elsewhere.
    #[must_use]
    #[inline]
    pub fn get(&self, id: NameId) -> Name<'_> {
        self.find(id).unwrap_or(Name::new(&[], &[]))
    }

    /// A name that was added.
    #[must_use]
    #[inline]
    pub fn find(&self, id: NameId) -> Option<Name<'_>> {
        let entry = self.entries.get(id.0 as usize)?;
        let (wire, suffixes) = (entry.wire as usize, entry.suffixes as usize);
        let wire = wire..wire + usize::from(entry.octets);
        let suffixes = suffixes..=suffixes + usize::from(entry.labels);
        Some(Name::new(self.wire.get(wire)?, self.suffixes.get(suffixes)?))
    }
}
