//! Domain names in uncompressed wire form (RFC 1035 section 3.1): checked, hashed, spelled out.
//!
//! A name is lower-case here (RFC 4343); whoever must keep its case keeps the original octets.
//! Compression is the business of [`crate::wire`].

/// The most octets of a name, root label included (RFC 1035 section 2.3.4).
pub const MAX_OCTETS: usize = 255;
/// The most labels of a name, root label left out: each takes two octets at least.
pub const MAX_LABELS: usize = 127;
/// The most octets of a label (RFC 1035 section 2.3.4).
pub const MAX_LABEL: u8 = 63;

/// The hash of the root name, with which every hash begins.
const ROOT_HASH: u64 = 0x243f_6a88_85a3_08d3;
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
/// Octets that are hashed at once.
const WORD: usize = 8;
/// Octets that are lowered at once: with a fixed number of them the compiler needs no loop.
const BLOCK: usize = 32;
/// Room for the longest name and a word behind it, in whole blocks.
const ROOM: usize = (MAX_OCTETS + WORD).next_multiple_of(BLOCK);

/// A suffix of a name: a hash of it, and in the lowest octet where it begins.
///
/// Nobody outside chooses what is stored, so the hash need not resist chosen keys: it only finds
/// candidates, which are then compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suffix(u64);

impl Suffix {
    const HEAD: u64 = 0xff;

    #[inline]
    fn new(hash: u64, head: usize) -> Self {
        Self(hash & !Self::HEAD | head as u64 & Self::HEAD)
    }

    /// A hash of the suffix: 56 bits, the lowest octet is 0.
    #[must_use]
    #[inline]
    pub fn hash(self) -> u64 {
        self.0 & !Self::HEAD
    }

    #[inline]
    fn head(self) -> usize {
        (self.0 & Self::HEAD) as usize
    }
}

/// A name of which every suffix can be looked up without further work.
///
/// Label 0 is the leftmost; there is one suffix more than there are labels, for the root.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    wire: &'a [u8],
    suffixes: &'a [Suffix],
}

impl<'a> Name<'a> {
    /// Put together what [`Split`] or an arena has split before.
    #[must_use]
    #[inline]
    pub fn new(wire: &'a [u8], suffixes: &'a [Suffix]) -> Self {
        Self { wire, suffixes }
    }

    /// The whole name in wire form.
    #[must_use]
    #[inline]
    pub fn wire(&self) -> &'a [u8] {
        self.wire
    }

    /// All suffixes, from the whole name to the root.
    #[must_use]
    pub fn suffixes(&self) -> &'a [Suffix] {
        self.suffixes
    }

    /// How many labels it has, root label left out.
    #[must_use]
    #[inline]
    pub fn labels(&self) -> usize {
        self.suffixes.len().saturating_sub(1)
    }

    /// The suffix that begins at a label, and its hash; `None` past the root.
    #[must_use]
    #[inline]
    pub fn suffix(&self, label: usize) -> Option<(&'a [u8], u64)> {
        let suffix = *self.suffixes.get(label)?;
        Some((self.wire.get(suffix.head()..)?, suffix.hash()))
    }

    /// Where in the wire form a label begins.
    #[must_use]
    #[inline]
    pub fn head(&self, label: usize) -> Option<usize> {
        self.suffixes.get(label).map(|suffix| suffix.head())
    }
}

/// Room for one name and its suffixes; reused for every packet of a thread.
#[derive(Debug)]
pub struct Split {
    /// Its octets, and behind them enough that a word can be read at every label.
    wire: [u8; ROOM],
    suffixes: [Suffix; MAX_LABELS + 1],
    octets: usize,
    labels: usize,
}

impl Default for Split {
    fn default() -> Self {
        Self {
            wire: [0; ROOM],
            suffixes: [Suffix::new(ROOT_HASH, 0); MAX_LABELS + 1],
            octets: 1,
            labels: 0,
        }
    }
}

impl Split {
    /// Read the uncompressed name that `octets` begins with, in lower case; give its length.
    ///
    /// `None` if it does not end, is too long, or holds a pointer or another label type.
    #[inline]
    pub fn read(&mut self, octets: &[u8]) -> Option<usize> {
        let (mut at, mut labels) = (0, 0);
        loop {
            let length = *octets.get(at)?;
            *self.suffixes.get_mut(labels)? = Suffix(at as u64);
            if length == 0 {
                break;
            }
            if length > MAX_LABEL {
                return None;
            }
            at += 1 + usize::from(length);
            labels += 1;
        }
        let length = at + 1;
        if length > MAX_OCTETS {
            return None;
        }
        self.lower(octets, length);
        let (mut end, mut hash) = (at, ROOT_HASH);
        *self.suffixes.get_mut(labels)? = Suffix::new(hash, at);
        for suffix in self.suffixes.get_mut(..labels)?.iter_mut().rev() {
            let head = suffix.head();
            hash = fold(hash, &self.wire, head, end)?;
            *suffix = Suffix::new(hash, head);
            end = head;
        }
        self.octets = length;
        self.labels = labels;
        Some(length)
    }

    /// Take octets over in lower case, a block at a time: what stands behind the name may come too.
    ///
    /// Length octets are below b'A', so the whole wire form can be lowered at once.
    #[inline]
    fn lower(&mut self, octets: &[u8], length: usize) {
        let blocks = self.wire.chunks_exact_mut(BLOCK).zip(octets.chunks(BLOCK));
        for (to, from) in blocks.take(length.div_ceil(BLOCK)) {
            let mut block = [0; BLOCK];
            if let Ok(whole) = <[u8; BLOCK]>::try_from(from) {
                block = whole;
            } else if let Some(part) = block.get_mut(..from.len()) {
                part.copy_from_slice(from);
            }
            block.make_ascii_lowercase();
            to.copy_from_slice(&block);
        }
    }

    /// Become the name that begins with these labels and ends with a name in lower case; false if
    /// that is too long.
    #[must_use]
    pub fn join(&mut self, labels: &[u8], end: &[u8]) -> bool {
        let mut whole = [0; MAX_OCTETS];
        let Some((first, rest)) = whole.split_at_mut_checked(labels.len()) else {
            return false;
        };
        let Some(rest) = rest.get_mut(..end.len()) else {
            return false;
        };
        first.copy_from_slice(labels);
        rest.copy_from_slice(end);
        self.read(&whole).is_some()
    }

    /// The name last read; the root before that.
    #[must_use]
    #[inline]
    pub fn name(&self) -> Name<'_> {
        Name {
            wire: self.wire.get(..self.octets).unwrap_or_default(),
            suffixes: self.suffixes.get(..=self.labels).unwrap_or_default(),
        }
    }
}

/// Add the label (its length octet included) that stands in `wire` from `head` to `end` in front
/// of a name with this hash.
#[inline]
fn fold(hash: u64, wire: &[u8; ROOM], head: usize, end: usize) -> Option<u64> {
    let (mut hash, mut at) = (hash, head);
    let word = |at: usize| {
        let octets = wire.get(at..)?.first_chunk::<WORD>()?;
        Some(u64::from_le_bytes(*octets))
    };
    while end - at > WORD {
        hash = (hash.rotate_left(23) ^ word(at)?).wrapping_mul(FACTOR);
        at += WORD;
    }
    // What stands behind the label is not a part of it.
    let last = word(at)? & u64::MAX >> ((WORD - (end - at)) * 8);
    let hash = (hash.rotate_left(23) ^ last).wrapping_mul(FACTOR);
    Some(hash ^ hash >> 32)
}

/// Check that these octets are one whole lower-case name and nothing more.
///
/// # Errors
/// A phrase that says what is wrong, to follow the name of the thing.
pub fn check(wire: &[u8]) -> Result<(), &'static str> {
    let length = length_of(wire).ok_or("is not a name in uncompressed wire form")?;
    if length != wire.len() {
        return Err("has octets after its end");
    }
    if wire.iter().any(u8::is_ascii_uppercase) {
        return Err("is not in lower case");
    }
    Ok(())
}

/// The length of the uncompressed name that these octets begin with, if there is one.
#[must_use]
pub fn length_of(octets: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match *octets.get(at)? {
            0 if at < MAX_OCTETS => return Some(at + 1),
            length @ 1..=MAX_LABEL => at += 1 + usize::from(length),
            _ => return None,
        }
    }
}

/// The name above, in wire form; `None` above the root.
#[must_use]
pub fn parent(wire: &[u8]) -> Option<&[u8]> {
    match *wire.first()? {
        0 => None,
        length => wire.get(1 + usize::from(length)..),
    }
}

/// Whether a name is `ancestor` or stands below it.
#[must_use]
pub fn is_within(wire: &[u8], ancestor: &[u8]) -> bool {
    let mut name = Some(wire);
    while let Some(above) = name {
        if above.len() <= ancestor.len() {
            return above == ancestor;
        }
        name = parent(above);
    }
    false
}

/// Spell a name with a dot at its end, with the fewest escapes that are needed.
#[must_use]
pub fn to_text(wire: &[u8]) -> String {
    let mut text = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((&length, after)) = rest.split_first() {
        let Some((label, below)) = after.split_at_checked(usize::from(length)) else {
            break;
        };
        if label.is_empty() {
            break;
        }
        for &octet in label {
            match octet {
                b'.' | b'"' | b'\\' | b';' | b'(' | b')' | b'@' | b'$' => {
                    text.push('\\');
                    text.push(char::from(octet));
                }
                0x21..=0x7e => text.push(char::from(octet)),
                _ => text.extend(['\\', digit(octet / 100), digit(octet / 10), digit(octet)]),
            }
        }
        text.push('.');
        rest = below;
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

/// The last decimal digit of a number.
fn digit(number: u8) -> char {
    char::from(b'0' + number % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_however_it_is_read() {
        let long = format!("\u{1}a{}{}", "\u{3f}", "B".repeat(63)).into_bytes();
        for labels in
            [&b"\x03WwW\x07Example\0"[..], b"\0", &[&long[..], b"\x09ninechars\0"].concat()]
        {
            let (mut alone, mut followed) = (Split::default(), Split::default());
            assert_eq!(alone.read(labels), Some(labels.len()));
            assert_eq!(followed.read(&[labels, &[0xff; 9]].concat()), Some(labels.len()));
            assert_eq!(alone.name().suffixes(), followed.name().suffixes());
            assert_eq!(alone.name().wire(), labels.to_ascii_lowercase());
            let mut joined = Split::default();
            assert!(joined.join(&alone.name().wire()[..labels.len() - 1], &[0]));
            assert_eq!(joined.name().suffixes(), alone.name().suffixes());
        }
    }
}
