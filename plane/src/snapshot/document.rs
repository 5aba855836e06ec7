//! The documents as they cross from Python: MessagePack arrays, borrowed from their octets.
//!
//! `gslb/snapshot.py` says what the fields mean. Here a document is only read; whether it makes
//! sense is checked where it is built ([`super::build`], [`super::map`]).

use serde::Deserialize;
use serde_bytes::Bytes;

use super::fault::Fault;

/// The version of documents that this plane reads.
pub const FORMAT: u32 = 2;

/// One zone, complete.
#[derive(Debug, Deserialize)]
pub(super) struct Zone<'a> {
    _format: u32,
    #[serde(borrow)]
    pub(super) origin: &'a Bytes,
    pub(super) datacenters: Vec<&'a str>,
    pub(super) maps: Vec<&'a str>,
    pub(super) rrsets: Vec<Rrset<'a>>,
    pub(super) vips: Vec<Vip<'a>>,
    /// For Python, which reads its documents back; the serial has it already.
    #[serde(default)]
    _changed: u64,
}

/// Records of one owner and type.
#[derive(Debug, Deserialize)]
pub(super) struct Rrset<'a> {
    #[serde(borrow)]
    pub(super) owner: &'a Bytes,
    pub(super) rtype: u16,
    pub(super) ttl: u32,
    pub(super) rdata: Vec<&'a Bytes>,
}

/// A steered name.
#[derive(Debug, Deserialize)]
pub(super) struct Vip<'a> {
    #[serde(borrow)]
    pub(super) owner: &'a Bytes,
    pub(super) ttl: u32,
    pub(super) answers: u32,
    pub(super) sticky: bool,
    pub(super) fallback: Fallback<'a>,
    pub(super) map: i32,
    pub(super) tiers: Vec<Vec<u32>>,
    pub(super) pools: Vec<Pool<'a>>,
    #[serde(default)]
    pub(super) steady: bool,
    #[serde(default = "prefixes")]
    pub(super) prefixes: (u8, u8),
    #[serde(default)]
    pub(super) names: bool,
}

fn prefixes() -> (u8, u8) {
    (24, 56)
}

/// What a VIP answers when nothing is live.
#[derive(Debug, Deserialize)]
pub(super) struct Fallback<'a> {
    pub(super) kind: u8,
    #[serde(borrow)]
    pub(super) addresses: Vec<&'a Bytes>,
    #[serde(default = "nothing")]
    pub(super) ttl: i64,
    #[serde(default = "nothing")]
    pub(super) vip: i64,
}

fn nothing() -> i64 {
    -1
}

/// Members in one datacenter.
#[derive(Debug, Deserialize)]
pub(super) struct Pool<'a> {
    pub(super) datacenter: u32,
    pub(super) weight: u16,
    #[serde(borrow)]
    pub(super) members: Vec<Member<'a>>,
    #[serde(default)]
    pub(super) capacity: u32,
}

/// An address, or a name where the VIP has names, and its configured weight.
#[derive(Debug, Deserialize)]
pub(super) struct Member<'a> {
    #[serde(borrow)]
    pub(super) target: &'a Bytes,
    pub(super) weight: u16,
}

/// Client ranges to classes, and each class's tiers.
#[derive(Debug, Deserialize)]
pub(super) struct Map<'a> {
    _format: u32,
    pub(super) name: &'a str,
    #[serde(borrow)]
    pub(super) datacenters: Vec<&'a str>,
    pub(super) classes: Vec<Vec<Vec<u32>>>,
    pub(super) ipv4: Ranges<'a>,
    pub(super) ipv6: Ranges<'a>,
    /// For Python.
    #[serde(default)]
    _atlas: &'a str,
}

/// Packed range starts and classes.
#[derive(Debug, Deserialize)]
pub(super) struct Ranges<'a> {
    #[serde(borrow)]
    pub(super) starts: &'a Bytes,
    pub(super) classes: &'a Bytes,
}

/// Read a document: the format first, so that another version is named as such.
pub(super) fn read<'a, T: Deserialize<'a>>(document: &'a [u8], what: &str) -> Result<T, Fault> {
    let refuse = |why: String| Err(Fault::new(format!("a {what} document {why}")));
    match format_of(document) {
        Some(FORMAT) => {}
        Some(other) => return refuse(format!("has format {other}; this plane reads {FORMAT}")),
        None => return refuse("does not begin with an array and a format number".to_owned()),
    }
    match length_of(document) {
        Some(length) if length == document.len() => {}
        Some(_) => return refuse("has octets after its end".to_owned()),
        None => return refuse("is cut off or is not MessagePack".to_owned()),
    }
    rmp_serde::from_slice(document).or_else(|error| refuse(format!("cannot be read: {error}")))
}

/// The whole number that a document's array begins with.
fn format_of(document: &[u8]) -> Option<u32> {
    let (&head, rest) = document.split_first()?;
    let rest = match head {
        0x91..=0x9f => rest,
        0xdc => rest.get(2..)?,
        0xdd => rest.get(4..)?,
        _ => return None,
    };
    match *rest {
        [number @ 0..=0x7f, ..] | [0xcc, number, ..] => Some(u32::from(number)),
        [0xcd, a, b, ..] => Some(u32::from(u16::from_be_bytes([a, b]))),
        [0xce, a, b, c, d, ..] => Some(u32::from_be_bytes([a, b, c, d])),
        _ => None,
    }
}

/// The length of the MessagePack value that these octets begin with; `None` if it does not end.
fn length_of(octets: &[u8]) -> Option<usize> {
    let mut at = 0usize;
    let mut open = 1u64; // values still to come
    while open > 0 {
        let head = *octets.get(at)?;
        at += 1;
        // Octets of a length that follows, octets of data beside it, and values inside.
        let (length, data, inside) = match head {
            0x80..=0x8f => (0, 0, u64::from(head & 0x0f) * 2),
            0x90..=0x9f => (0, 0, u64::from(head & 0x0f)),
            0xa0..=0xbf => (0, usize::from(head & 0x1f), 0),
            0xc4 | 0xd9 => (1, 0, 0),
            0xc5 | 0xda | 0xdc | 0xde => (2, 0, 0),
            0xc6 | 0xdb | 0xdd | 0xdf => (4, 0, 0),
            0xcc | 0xd0 => (0, 1, 0),
            0xcd | 0xd1 => (0, 2, 0),
            0xca | 0xce | 0xd2 => (0, 4, 0),
            0xcb | 0xcf | 0xd3 => (0, 8, 0),
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => (0, 0, 0),
            0xc1 | 0xc7..=0xc9 | 0xd4..=0xd8 => return None, // no value of ours is an extension
        };
        let said = octets.get(at..at.checked_add(length)?)?;
        let said = said.iter().fold(0u64, |number, &octet| number << 8 | u64::from(octet));
        let (data, inside) = match head {
            0xdc | 0xdd => (0, said),
            0xde | 0xdf => (0, said * 2),
            _ => (data.checked_add(usize::try_from(said).ok()?)?, inside),
        };
        at = at.checked_add(length)?.checked_add(data)?;
        open = (open - 1).checked_add(inside)?;
    }
    (at <= octets.len()).then_some(at)
}
