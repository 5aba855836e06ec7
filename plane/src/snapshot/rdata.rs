//! Record data by type: is it well formed, and which names stand in it?
//!
//! Only types whose names are compressed (RFC 3597 section 4: those of RFC 1035) or whose names
//! lead to addresses are known here; the data of all others is octets.

use crate::name;
use crate::wire::rtype;

/// How the data of a type is made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Just this many octets.
    Exactly(usize),
    /// This many octets, this many names that are compressed, this many octets.
    Names(usize, usize, usize),
    /// This many octets and a name that is never compressed.
    Plain(usize),
    /// This many octets, a name that is never compressed, and any octets.
    Service(usize),
    /// Any octets.
    Opaque,
}

/// The shape of a type's data.
pub(super) fn shape(rtype: u16) -> Shape {
    match rtype {
        rtype::A => Shape::Exactly(4),
        rtype::AAAA => Shape::Exactly(16),
        rtype::NS | 3 | 4 | rtype::CNAME | 7 | 8 | 9 | 12 => Shape::Names(0, 1, 0),
        rtype::SOA => Shape::Names(0, 2, 20),
        14 => Shape::Names(0, 2, 0),
        rtype::MX => Shape::Names(2, 1, 0),
        rtype::SRV => Shape::Plain(6),
        rtype::DNAME => Shape::Plain(0),
        rtype::SVCB | rtype::HTTPS => Shape::Service(2),
        _ => Shape::Opaque,
    }
}

/// The name in a record whose addresses belong in the additional section, if there is one.
pub(super) fn target<'a>(rtype: u16, owner: &'a [u8], parts: &Parts<'a>) -> Option<&'a [u8]> {
    match (rtype, parts.first?) {
        // The root stands for the owner, or for no service at all (RFC 9460 section 2.5).
        (rtype::SVCB | rtype::HTTPS, [0]) => Some(owner).filter(|_| parts.before != [0, 0]),
        (rtype::NS | rtype::MX | rtype::SRV | rtype::SVCB | rtype::HTTPS, name) => Some(name),
        _ => None,
    }
}

/// Record data taken apart.
pub(super) struct Parts<'a> {
    pub(super) before: &'a [u8],
    pub(super) first: Option<&'a [u8]>,
    pub(super) second: Option<&'a [u8]>,
    pub(super) after: &'a [u8],
}

/// Take record data apart; a phrase if it is not of its type's shape.
pub(super) fn parts(rtype: u16, data: &[u8]) -> Result<Parts<'_>, &'static str> {
    let whole = Parts { before: data, first: None, second: None, after: &[] };
    match shape(rtype) {
        Shape::Exactly(length) if data.len() == length => Ok(whole),
        Shape::Exactly(_) => Err("has data of a wrong length"),
        Shape::Opaque => Ok(whole),
        Shape::Plain(before) => named(data, before, 1, 0),
        Shape::Service(before) => {
            let (before, rest) = data.split_at_checked(before).ok_or(FAULT)?;
            let (first, after) = split_name(rest).ok_or(FAULT)?;
            Ok(Parts { before, first: Some(first), second: None, after })
        }
        Shape::Names(before, names, after) => named(data, before, names, after),
    }
}

const FAULT: &str = "has data that is cut off or has a malformed name";

fn named(
    data: &[u8],
    before: usize,
    names: usize,
    after: usize,
) -> Result<Parts<'_>, &'static str> {
    let (before, rest) = data.split_at_checked(before).ok_or(FAULT)?;
    let (first, rest) = split_name(rest).ok_or(FAULT)?;
    let (second, rest) = match names {
        1 => (None, rest),
        _ => split_name(rest).map(|(name, rest)| (Some(name), rest)).ok_or(FAULT)?,
    };
    if rest.len() != after {
        return Err("has data of a wrong length");
    }
    Ok(Parts { before, first: Some(first), second, after: rest })
}

fn split_name(data: &[u8]) -> Option<(&[u8], &[u8])> {
    data.split_at_checked(name::length_of(data)?)
}
