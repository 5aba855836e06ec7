//! Reading a query: header, question, and the walk over what stands behind it.
//!
//! ```text
//! shorter than a header, or a reply     silence, so that two servers cannot be set on each other
//! an opcode other than QUERY            NOTIMP
//! a question count other than one       FORMERR (RFC 9619)
//! a question or record that is cut off  FORMERR
//! a pointer in the question             FORMERR: there is nothing before it to point to
//! ```

use super::edns::{Edns, OptFault};
use super::{HEADER, Rcode, number_at, rtype};
use crate::name::{Split, length_of};

const QR: u8 = 0x80;
const OPCODE: u8 = 0x78;

/// A query that can be answered, or at least be answered with an error.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// Where the question ends; it begins after the header.
    pub question_end: usize,
    /// The type asked for.
    pub qtype: u16,
    /// The class asked for.
    pub qclass: u16,
    /// The OPT record, if there is one.
    pub edns: Option<Edns>,
}

/// Why there is no query to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unasked {
    /// It may not be answered at all.
    Silence,
    /// It is answered with an error and its header alone.
    Header(Rcode),
    /// It is answered with an error and its question.
    Question(Rcode, usize, Option<Edns>),
}

/// Read a packet; its name is left in `name`.
///
/// # Errors
/// What to do with a packet that asks nothing.
#[inline]
pub fn read(packet: &[u8], name: &mut Split) -> Result<Query, Unasked> {
    let &[_, _, flags, _, q1, q2, a1, a2, n1, n2, r1, r2, ..] = packet else {
        return Err(Unasked::Silence);
    };
    if flags & QR != 0 {
        return Err(Unasked::Silence);
    }
    if flags & OPCODE != 0 {
        return Err(Unasked::Header(Rcode::Notimp));
    }
    let malformed = Unasked::Header(Rcode::Formerr);
    if [q1, q2] != [0, 1] {
        return Err(malformed);
    }
    let length = packet.get(HEADER..).and_then(|rest| name.read(rest)).ok_or(malformed)?;
    let end = HEADER + length;
    let qtype = number_at(packet, end).ok_or(malformed)?;
    let qclass = number_at(packet, end + 2).ok_or(malformed)?;
    let question_end = end + 4;
    let ignored = u32::from(u16::from_be_bytes([a1, a2])) + u32::from(u16::from_be_bytes([n1, n2]));
    let additional = u16::from_be_bytes([r1, r2]);
    let malformed = |edns| Unasked::Question(Rcode::Formerr, question_end, edns);
    let mut at = question_end;
    for _ in 0..ignored {
        at = record_end(packet, at).ok_or(malformed(None))?;
    }
    let mut edns = None;
    for _ in 0..additional {
        let end = record_end(packet, at).ok_or(malformed(None))?;
        if opt_at(packet, at) {
            let record = packet.get(at..end).unwrap_or_default();
            match Edns::read(record) {
                Ok(_) if edns.is_some() => return Err(malformed(None)), // RFC 6891 section 6.1.1
                Ok(found) => edns = Some(found),
                Err(OptFault::Record) => return Err(malformed(None)),
                Err(OptFault::Subnet(found)) => return Err(malformed(Some(found))),
            }
        }
        at = end;
    }
    Ok(Query { question_end, qtype, qclass, edns })
}

/// Whether the record at a place is an OPT.
fn opt_at(packet: &[u8], at: usize) -> bool {
    owner_end(packet, at).and_then(|end| number_at(packet, end)) == Some(rtype::OPT)
}

/// Where the record at a place ends.
#[inline]
pub(crate) fn record_end(packet: &[u8], at: usize) -> Option<usize> {
    let fixed = owner_end(packet, at)?;
    let end = fixed + 10 + usize::from(number_at(packet, fixed + 8)?);
    (end <= packet.len()).then_some(end)
}

/// Where the owner name at a place ends; a pointer is not followed.
#[inline]
pub(crate) fn owner_end(packet: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    loop {
        match *packet.get(end)? {
            0 => return Some(end + 1),
            0xc0.. => return Some(end + 2),
            length @ 1..=63 => end += 1 + usize::from(length),
            _ => return None,
        }
    }
}

/// Where a question that cannot be answered ends, if it is whole.
#[must_use]
pub fn question_end(packet: &[u8]) -> Option<usize> {
    let end = HEADER + length_of(packet.get(HEADER..)?)? + 4;
    (end <= packet.len()).then_some(end)
}
