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

/// Add a label (its length octet included) in front of a name with this hash.
///
/// Nobody outside chooses what is stored, so the hash need not resist chosen keys: it only finds
/// candidates, which are then compared.
#[inline]
fn fold(hash: u64, label: &[u8]) -> u64 {
    let mut hash = hash;
    let mut words = label.chunks_exact(8);
    for word in &mut words {
        let word = word.try_into().map_or(0, u64::from_le_bytes);
        hash = (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
    let rest = words.remainder().iter();
    let tail = rest.fold(0, |tail, &octet| tail << 8 | u64::from(octet));
    let hash = (hash.rotate_left(23) ^ tail).wrapping_mul(FACTOR);
    hash ^ hash >> 32
}

/// A name of which every suffix can be looked up without further work.
///
/// Label 0 is the leftmost; `heads` and `hashes` have one entry more than there are labels, for
/// the root.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    wire: &'a [u8],
    heads: &'a [u8],
    hashes: &'a [u64],
}

impl<'a> Name<'a> {
    /// Put together what [`Split`] or an arena has split before.
    #[must_use]
    pub fn new(wire: &'a [u8], heads: &'a [u8], hashes: &'a [u64]) -> Self {
        Self { wire, heads, hashes }
    }

    /// The whole name in wire form.
    #[must_use]
    #[inline]
    pub fn wire(&self) -> &'a [u8] {
        self.wire
    }

    /// How many labels it has, root label left out.
    #[must_use]
    #[inline]
    pub fn labels(&self) -> usize {
        self.hashes.len().saturating_sub(1)
    }

    /// The suffix that begins at a label, and its hash; `None` past the root.
    #[must_use]
    #[inline]
    pub fn suffix(&self, label: usize) -> Option<(&'a [u8], u64)> {
        let head = usize::from(*self.heads.get(label)?);
        Some((self.wire.get(head..)?, *self.hashes.get(label)?))
    }

    /// Where in the wire form a label begins.
    #[must_use]
    #[inline]
    pub fn head(&self, label: usize) -> Option<usize> {
        self.heads.get(label).copied().map(usize::from)
    }
}

/// Room for one name and its suffixes; reused for every packet of a thread.
#[derive(Debug)]
pub struct Split {
    wire: [u8; MAX_OCTETS + 1],
    heads: [u8; MAX_LABELS + 1],
    hashes: [u64; MAX_LABELS + 1],
    octets: usize,
    labels: usize,
}

impl Default for Split {
    fn default() -> Self {
        Self {
            wire: [0; MAX_OCTETS + 1],
            heads: [0; MAX_LABELS + 1],
            hashes: [ROOT_HASH; MAX_LABELS + 1],
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
            *self.heads.get_mut(labels)? = u8::try_from(at).ok()?;
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
        // Length octets are below b'A', so the whole wire form can be lowered at once.
        let wire = self.wire.get_mut(..length)?;
        wire.copy_from_slice(octets.get(..length)?);
        wire.make_ascii_lowercase();
        let (mut end, mut hash) = (at, ROOT_HASH);
        *self.hashes.get_mut(labels)? = hash;
        for label in (0..labels).rev() {
            let head = usize::from(*self.heads.get(label)?);
            hash = fold(hash, self.wire.get(head..end)?);
            *self.hashes.get_mut(label)? = hash;
            end = head;
        }
        self.octets = length;
        self.labels = labels;
        Some(length)
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
            heads: self.heads.get(..=self.labels).unwrap_or_default(),
            hashes: self.hashes.get(..=self.labels).unwrap_or_default(),
        }
    }
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
