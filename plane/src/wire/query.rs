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
use crate::asked::Asked;
use crate::name::length_of;

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
    /// Whether there is an OPT record; what it says was left in the room for it.
    pub has_edns: bool,
}

/// Why there is no query to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unasked {
    /// It is too short to be answered.
    Short,
    /// It is a response, which may not be answered.
    Response,
    /// It is answered with an error and its header alone.
    Header(Rcode),
    /// It is answered with an error and its question, which ends there; with EDNS or without.
    Question(Rcode, usize, bool),
}

/// Read a packet; its name is left in `name`, its OPT record in `edns`.
///
/// # Errors
/// What to do with a packet that asks nothing.
#[inline]
pub fn read(packet: &[u8], name: &mut Asked, edns: &mut Edns) -> Result<Query, Unasked> {
    let Some((&[_, _, flags, _, c1, c2, c3, c4, c5, c6, c7, c8], behind)) =
        packet.split_first_chunk::<HEADER>()
    else {
        return Err(Unasked::Short);
    };
    if flags & (QR | OPCODE) != 0 {
        return Err(if flags & QR != 0 {
            Unasked::Response
        } else {
            Unasked::Header(Rcode::Notimp)
        });
    }
    let malformed = Unasked::Header(Rcode::Formerr);
    // The four counts: questions, answers, authority, additional.
    let counts = u64::from_be_bytes([c1, c2, c3, c4, c5, c6, c7, c8]);
    if counts >> 48 != 1 {
        return Err(malformed);
    }
    let length = name.read(behind).ok_or(malformed)?;
    let Some((&[t1, t2, c1, c2], rest)) = behind.get(length..).and_then(<[u8]>::split_first_chunk)
    else {
        return Err(malformed);
    };
    let (qtype, qclass) = (u16::from_be_bytes([t1, t2]), u16::from_be_bytes([c1, c2]));
    let question_end = HEADER + length + 4;
    let has_edns = match counts & 0xffff_ffff_ffff {
        0 => false,
        1 if is_opt_alone(rest) => {
            let record = rest.get(3..).unwrap_or_default();
            edns.read(record).map_err(|fault| fault_of(fault, question_end))?;
            true
        }
        counts => read_records(packet, question_end, counts, edns)?,
    };
    Ok(Query { question_end, qtype, qclass, has_edns })
}

/// Whether these octets are one OPT record and nothing else, as most queries end.
#[inline]
fn is_opt_alone(rest: &[u8]) -> bool {
    match rest {
        [0, 0, 41, _, _, _, _, _, _, l1, l2, options @ ..] => {
            usize::from(u16::from_be_bytes([*l1, *l2])) == options.len()
        }
        _ => false,
    }
}

fn fault_of(fault: OptFault, question_end: usize) -> Unasked {
    Unasked::Question(Rcode::Formerr, question_end, fault == OptFault::Option)
}

/// Walk over all records behind the question; say whether there was an OPT among the additional.
#[cold]
fn read_records(
    packet: &[u8],
    question_end: usize,
    counts: u64,
    edns: &mut Edns,
) -> Result<bool, Unasked> {
    let (additional, ignored) = (counts & 0xffff, (counts >> 16 & 0xffff) + (counts >> 32));
    let malformed = Unasked::Question(Rcode::Formerr, question_end, false);
    let mut at = question_end;
    for _ in 0..ignored {
        (_, at) = record_at(packet, at).ok_or(malformed)?;
    }
    let mut has_edns = false;
    for _ in 0..additional {
        let (fixed, end) = record_at(packet, at).ok_or(malformed)?;
        if number_at(packet, fixed) == Some(rtype::OPT) {
            if has_edns || fixed != at + 1 {
                // Two OPT records, or one whose owner is not the root (RFC 6891 section 6.1).
                return Err(malformed);
            }
            let record = packet.get(fixed + 2..end).unwrap_or_default();
            edns.read(record).map_err(|fault| fault_of(fault, question_end))?;
            has_edns = true;
        }
        at = end;
    }
    Ok(has_edns)
}

/// Where the type of the record at a place stands, and where the record ends.
#[inline]
pub(crate) fn record_at(packet: &[u8], at: usize) -> Option<(usize, usize)> {
    let fixed = owner_end(packet, at)?;
    let end = fixed + 10 + usize::from(number_at(packet, fixed + 8)?);
    (end <= packet.len()).then_some((fixed, end))
}

/// Where the owner name at a place ends; a pointer is not followed.
#[inline]
fn owner_end(packet: &[u8], at: usize) -> Option<usize> {
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

/// Where the question of a message ends, if it is whole.
pub(crate) fn question_end(packet: &[u8]) -> Option<usize> {
    let end = HEADER + length_of(packet.get(HEADER..)?)? + 4;
    (end <= packet.len()).then_some(end)
}
