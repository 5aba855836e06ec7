//! Names that stand in a reply already, so that later ones can point to them (RFC 1035 4.1.4).

use std::cmp::Ordering;

/// How far into a message a pointer can reach.
const REACH: usize = 0x4000;
/// How many names are remembered; what comes after is written in full.
const ROOM: usize = 256;

/// Whether a name may take on the case in which it was asked for: as an owner it may (RFC 4343
/// section 4.1), in record data it keeps its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Kept,
    Ignored,
}

/// Names that were written and can be pointed to; kept by a thread from reply to reply.
#[derive(Debug)]
pub struct Known {
    hashes: [u64; ROOM],
    places: [u16; ROOM],
    count: usize,
}

impl Default for Known {
    fn default() -> Self {
        Self { hashes: [0; ROOM], places: [0; ROOM], count: 0 }
    }
}

impl Known {
    /// How many are remembered.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Forget all but the first ones.
    #[inline]
    pub(super) fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
    }

    /// Remember where a name with this hash stands, if there is room and a pointer reaches it.
    #[inline]
    pub(super) fn remember(&mut self, hash: u64, place: usize) {
        let at = self.count;
        if let (Some(place), Some(hash_at), Some(place_at)) =
            (reachable(place), self.hashes.get_mut(at), self.places.get_mut(at))
        {
            (*hash_at, *place_at) = (hash, place);
            self.count += 1;
        }
    }

    /// Where this name stands in a message.
    #[inline]
    pub(super) fn find(&self, message: &[u8], name: &[u8], hash: u64, case: Case) -> Option<u16> {
        let known = self.hashes.iter().zip(&self.places).take(self.count);
        let mut alike = known.filter(|&(&known, _)| known == hash).map(|(_, &place)| place);
        alike.find(|&place| stands_at(message, place, name, case))
    }
}

/// Whether a name stands at a place in a message.
fn stands_at(message: &[u8], place: u16, name: &[u8], case: Case) -> bool {
    let (mut at, mut rest) = (usize::from(place), name);
    while let (Some(&length), Some(&wanted)) = (message.get(at), rest.first()) {
        if length >= 0xc0 {
            let Some(&low) = message.get(at + 1) else { return false };
            let to = usize::from(u16::from_be_bytes([length & 0x3f, low]));
            match to.cmp(&at) {
                Ordering::Less => at = to,
                _ => return false, // we never point forwards, and a loop must not be possible
            }
            continue;
        }
        let octets = 1 + usize::from(length);
        let (Some(here), Some((label, below))) =
            (message.get(at..at + octets), rest.split_at_checked(octets))
        else {
            return false;
        };
        let same = match case {
            Case::Kept => here == label,
            Case::Ignored => here.eq_ignore_ascii_case(label),
        };
        if length != wanted || !same {
            return false;
        }
        if length == 0 {
            return true;
        }
        (at, rest) = (at + octets, below);
    }
    false
}

/// A place as a pointer, if it reaches that far.
#[inline]
pub(super) fn reachable(place: usize) -> Option<u16> {
    u16::try_from(place).ok().filter(|_| place < REACH)
}
