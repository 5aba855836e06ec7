//! Names that are asked again: a thread remembers what it split, and where it led.
//!
//! ```text
//! octets ─▶ words up to the first zero ─▶ hash ─▶ a place: is it this name?
//!                                                  yes: its suffixes, its zone and its node
//!                                                  no:  split it; the look-up tells where it leads
//! ```
//!
//! Most questions ask a few names. Only names that exist are kept, so that made-up ones push
//! nothing out; where a name leads holds in one world only, and is looked up again in the next.

use crate::name::{Name, Split, Suffix};

/// Octets that are looked at together.
const WORD: usize = 8;
/// Words of the longest name that is remembered.
const WORDS: usize = 8;
/// Suffixes of the name with the most labels that is remembered.
const SUFFIXES: usize = 8;
/// Names that a thread remembers: less than 1 MB.
const ROOM: usize = 4096;

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;
const CASE: u64 = 0x20 * ONES;

/// Where a name leads in one world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The world's stamp, which is never 0.
    pub world: u64,
    /// Which of its zones.
    pub zone: u32,
    /// Which of the zone's nodes.
    pub node: u32,
}

/// A name that is remembered.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Entry {
    /// The wire form, in lower case.
    wire: [[u8; WORD]; WORDS],
    suffixes: [Suffix; SUFFIXES],
    place: Place,
    octets: u8,
    labels: u8,
}

impl Entry {
    /// Whether this is the name that `octets` begins with. A name in wire form tells where it ends,
    /// so that none begins with another.
    #[inline]
    fn is(&self, octets: &[u8]) -> bool {
        let (known, length) = (self.wire.as_flattened(), usize::from(self.octets));
        let (Some(known), Some(asked)) = (known.get(..length), octets.get(..length)) else {
            return false;
        };
        // The last word begins in the one before: there is always one, see `keep`.
        let (Some(known_end), Some(asked_end)) = (known.last_chunk(), asked.last_chunk()) else {
            return false;
        };
        let mut words = known.chunks_exact(WORD).zip(asked.chunks_exact(WORD));
        words.all(|(known, asked)| match (known.first_chunk(), asked.first_chunk()) {
            (Some(known), Some(asked)) => same(*known, *asked),
            _ => false,
        }) && same(*known_end, *asked_end)
    }

    #[inline]
    fn name(&self) -> Name<'_> {
        let wire = self.wire.as_flattened().get(..usize::from(self.octets));
        let suffixes = self.suffixes.get(..=usize::from(self.labels));
        Name::new(wire.unwrap_or_default(), suffixes.unwrap_or_default())
    }
}

/// The name that was read last, and those that are remembered.
#[derive(Debug, Default)]
pub struct Asked {
    split: Split,
    /// There is no room for any before the first: not every thread is asked.
    memory: Box<[Entry]>,
    /// Where the name that was read last is remembered, or would be.
    at: usize,
    /// Whether it is.
    known: bool,
}

impl Asked {
    /// Read the uncompressed name that `octets` begins with; give its length.
    ///
    /// `None` if it does not end, is too long, or holds a pointer or another label type.
    #[inline]
    pub fn read(&mut self, octets: &[u8]) -> Option<usize> {
        self.at = place_of(octets);
        match self.memory.get(self.at) {
            Some(entry) if entry.is(octets) => {
                self.known = true;
                Some(usize::from(entry.octets))
            }
            _ => {
                self.known = false;
                self.split.read(octets)
            }
        }
    }

    #[inline]
    fn entry(&self) -> Option<&Entry> {
        self.memory.get(self.at).filter(|_| self.known)
    }

    /// The name last read; the root before that.
    #[must_use]
    #[inline]
    pub fn name(&self) -> Name<'_> {
        self.entry().map_or_else(|| self.split.name(), Entry::name)
    }

    /// Where it leads in the world with a stamp, if that is remembered.
    #[must_use]
    #[inline]
    pub fn place(&self, world: u64) -> Option<Place> {
        self.entry().map(|entry| entry.place).filter(|place| place.world == world)
    }

    /// Remember where it leads, if it is no longer and no shorter than most.
    pub fn keep(&mut self, place: Place) {
        if self.memory.is_empty() {
            self.memory = vec![Entry::default(); ROOM].into();
        }
        let Some(entry) = self.memory.get_mut(self.at) else { return };
        if !self.known {
            let name = self.split.name();
            let octets = name.wire().len();
            if octets < WORD {
                return;
            }
            let (Some(wire), Some(suffixes)) = (
                entry.wire.as_flattened_mut().get_mut(..octets),
                entry.suffixes.get_mut(..name.suffixes().len()),
            ) else {
                return;
            };
            wire.copy_from_slice(name.wire());
            suffixes.copy_from_slice(name.suffixes());
            entry.octets = u8::try_from(octets).unwrap_or(0);
            entry.labels = u8::try_from(name.labels()).unwrap_or(0);
            self.known = true;
        }
        entry.place = place;
    }
}

/// Where the name that `octets` begins with is remembered, if it is: a hash of it up to the first
/// zero, which is its end or at least its own.
#[inline]
fn place_of(octets: &[u8]) -> usize {
    let (mut hash, mut rest) = (0u64, octets);
    for _ in 0..WORDS {
        let word = match rest.split_first_chunk() {
            Some((octets, behind)) => {
                rest = behind;
                u64::from_le_bytes(*octets)
            }
            None => last_word(rest),
        };
        // The lowest octet that is 0 has the lowest of these bits.
        let zeros = word.wrapping_sub(ONES) & !word & HIGH;
        // All up to that bit; all of the word if there is none.
        let own = word & (zeros ^ zeros.wrapping_sub(1));
        hash = (hash.rotate_left(23) ^ (own | CASE)).wrapping_mul(FACTOR);
        if zeros != 0 {
            break;
        }
    }
    usize::try_from(hash >> 52).unwrap_or(0) % ROOM
}

/// The first octets, fewer than eight, as a word with zeros behind them.
#[cold]
fn last_word(octets: &[u8]) -> u64 {
    octets.iter().rev().fold(0, |word, &octet| word << 8 | u64::from(octet))
}

/// Whether a word is one that is known in lower case.
#[inline]
fn same(known: [u8; WORD], asked: [u8; WORD]) -> bool {
    known == asked || known == lower(asked)
}

/// Lower each letter (RFC 4343).
#[cold]
fn lower(mut octets: [u8; WORD]) -> [u8; WORD] {
    octets.make_ascii_lowercase();
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(node: u32) -> Place {
        Place { world: 1, zone: 0, node }
    }

    /// Read a name that other octets follow, and have it remembered.
    fn keep(asked: &mut Asked, name: &[u8], node: u32) {
        assert_eq!(asked.read(&[name, &[0, 1, 0, 1, 0, 0, 41]].concat()), Some(name.len()));
        asked.keep(place(node));
    }

    #[test]
    fn a_remembered_name_is_the_same_as_one_that_was_split() {
        let deep = b"\x01a\x01b\x01c\x01d\x01e\x01f\x01g\x01h\x01i\x01j\0";
        let long = [&b"\x3f"[..], &[b'x'; 63], b"\x03com\0"].concat();
        for name in [&b"\x03www\x07example\0"[..], b"\x06abcdef\0", b"\x01a\0", b"\0", deep, &long]
        {
            let (mut asked, mut split) = (Asked::default(), Split::default());
            keep(&mut asked, name, 7);
            split.read(name);
            for behind in [&b""[..], b"\0\x01\0\x01", b"\0\x01\0\x01\0\0\x29\x04\xd0"] {
                let same = [name, behind].concat();
                let other = [&name.to_ascii_uppercase()[..], behind].concat();
                for octets in [same, other] {
                    assert_eq!(asked.read(&octets), Some(name.len()));
                    assert_eq!(asked.name().wire(), name);
                    assert_eq!(asked.name().suffixes(), split.name().suffixes());
                    let kept =
                        (WORD..=WORD * WORDS).contains(&name.len()) && split.name().labels() < 8;
                    assert_eq!(asked.place(1), kept.then(|| place(7)), "{name:x?}");
                    assert_eq!(asked.place(2), None);
                }
            }
        }
    }

    #[test]
    fn a_name_is_not_taken_for_another() {
        let name = b"\x03www\x07example\0";
        for other in [
            &b"\x03www\x07exbmple\0"[..],
            b"\x03www\x07examplf\0",
            b"\x03www\x07example\x03com\0",
            b"\x04wwww\x07example\0",
            b"\x03ww\0\x07example\0",
            b"\x03ww\x57\x07e\x58ampl\x25\0",
            b"\x23www\x07example\0",
            b"\x07example\0",
        ] {
            let mut asked = Asked::default();
            keep(&mut asked, name, 7);
            asked.at = place_of(other); // as if both were remembered at one place
            let entry = asked.memory[place_of(name)];
            asked.memory[place_of(other)] = entry;
            asked.read(&[other, &[0, 1, 0, 1]].concat());
            let mut split = Split::default();
            if split.read(other).is_some() {
                assert_eq!(asked.name().wire(), split.name().wire());
            }
            assert_eq!(asked.place(1), None, "{other:x?}");
            for cut in 0..name.len() {
                assert_eq!(asked.read(&name[..cut]), None);
            }
        }
    }

    #[test]
    fn a_zero_in_a_label_ends_no_name() {
        let (mut asked, name) = (Asked::default(), b"\x03a\0b\x07example\0");
        keep(&mut asked, name, 3);
        assert_eq!(asked.read(name), Some(name.len()));
        assert_eq!((asked.name().wire(), asked.place(1)), (&name[..], Some(place(3))));
        let other = b"\x03a\0c\x07example\0";
        assert_eq!(asked.read(other), Some(other.len()));
        assert_eq!((asked.name().wire(), asked.place(1)), (&other[..], None));
    }

    #[test]
    fn letters_alone_are_lowered() {
        for octet in 0..=u8::MAX {
            let word = [octet, 0, octet, 0xff, b'A', b'z', octet, octet];
            assert_eq!(lower(word), word.map(|octet| octet.to_ascii_lowercase()));
        }
    }
}
