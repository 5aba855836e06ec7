//! Writing a reply: header, question, records with compressed names, OPT.
//!
//! Nothing is allocated. What does not fit is taken back to a mark, so that a section holds whole
//! RRsets only (RFC 2181 section 9); whether TC is due then is the caller's business.

use super::edns::{self, Edns};
use super::{HEADER, IN, Rcode};
use crate::name::Name;

/// Where the question's name stands in every reply.
pub const QUESTION: u16 = 12;

const POINTER: u16 = 0xc000; // RFC 1035 section 4.1.4
const REACH: usize = 0x4000;
const KNOWN: usize = 64;

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Names that were written and can be pointed to; kept by a thread from reply to reply.
#[derive(Debug)]
pub struct Known {
    hashes: [u64; KNOWN],
    places: [u16; KNOWN],
    count: usize,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            hashes: [0; KNOWN],
            places: [0; KNOWN],
            count: 0,
        }
    }
}

/// Who owns a record.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'n> {
    /// A name that stands at this place in the reply.
    At(u16),
    /// A name that may not have been written yet.
    Name(Name<'n>),
}

/// Whether a name may take on the case in which it was asked for: as an owner it may (RFC 4343
/// section 4.1), in record data it keeps its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Kept,
    Ignored,
}

/// The three sections that a reply may have beside its question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What was asked for.
    Answer,
    /// SOA of a denial, NS of a referral.
    Authority,
    /// Addresses that will be asked for next.
    Additional,
}

/// What the header says beside the counts.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// The response code.
    pub rcode: Rcode,
    /// AA.
    pub authoritative: bool,
    /// TC.
    pub truncated: bool,
    /// The prefix for which the answer is true (RFC 7871 section 7.2.1).
    pub scope: u8,
}

/// A reply being written.
#[derive(Debug)]
pub struct Reply<'b> {
    out: &'b mut [u8],
    at: usize,
    limit: usize,
    counts: [u16; 3],
    known: &'b mut Known,
    question: Name<'b>,
}

/// A place to go back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    at: usize,
    known: usize,
    counts: [u16; 3],
}

impl<'b> Reply<'b> {
    /// Begin with the head of the query, up to the end of its question; `None` if there is no room.
    ///
    /// `limit` is the longest that the reply may be, its OPT record included.
    #[inline]
    pub fn new(
        out: &'b mut [u8],
        limit: usize,
        head: &[u8],
        edns: Option<&Edns>,
        known: &'b mut Known,
        question: Name<'b>,
    ) -> Option<Self> {
        let limit = limit
            .min(out.len())
            .checked_sub(edns.map_or(0, edns::length))?;
        if head.len() > limit {
            return None;
        }
        out.get_mut(..head.len())?.copy_from_slice(head);
        known.count = 0;
        Some(Self {
            out,
            at: head.len(),
            limit,
            counts: [0; 3],
            known,
            question,
        })
    }

    /// Take a mark.
    #[must_use]
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark {
            at: self.at,
            known: self.known.count,
            counts: self.counts,
        }
    }

    /// Forget everything that was written after a mark.
    pub fn back_to(&mut self, mark: Mark) {
        self.at = mark.at;
        self.known.count = mark.known;
        self.counts = mark.counts;
    }

    /// Count records of a section.
    #[inline]
    pub fn count(&mut self, section: Section, records: u16) {
        if let Some(count) = self.counts.get_mut(section as usize) {
            *count += records;
        }
    }

    /// Write octets as they are.
    ///
    /// # Errors
    /// [`Full`] if they do not fit.
    #[inline]
    pub fn put(&mut self, octets: &[u8]) -> Result<(), Full> {
        let end = self.at + octets.len();
        if end > self.limit {
            return Err(Full);
        }
        self.out
            .get_mut(self.at..end)
            .ok_or(Full)?
            .copy_from_slice(octets);
        self.at = end;
        Ok(())
    }

    /// Write a whole record.
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    #[inline]
    pub fn put_record(
        &mut self,
        owner: Owner<'_>,
        rtype: u16,
        ttl: u32,
        data: &[u8],
    ) -> Result<Option<u16>, Full> {
        let place = self.put_owner(owner)?;
        self.put_fixed(rtype, ttl, u16::try_from(data.len()).map_err(|_| Full)?)?;
        self.put(data)?;
        Ok(place)
    }

    /// Write a record whose data has names in it; give the place of the first.
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    pub fn put_named(
        &mut self,
        owner: Owner<'_>,
        rtype: u16,
        ttl: u32,
        data: (&[u8], Name<'_>, Option<Name<'_>>, &[u8]),
    ) -> Result<(Option<u16>, Option<u16>), Full> {
        let place = self.put_owner(owner)?;
        self.put_fixed(rtype, ttl, 0)?;
        let start = self.at;
        let (before, first, second, after) = data;
        self.put(before)?;
        let target = self.put_name(&first, Case::Kept)?;
        if let Some(second) = second {
            self.put_name(&second, Case::Kept)?;
        }
        self.put(after)?;
        let length = u16::try_from(self.at - start)
            .map_err(|_| Full)?
            .to_be_bytes();
        self.out
            .get_mut(start - 2..start)
            .ok_or(Full)?
            .copy_from_slice(&length);
        Ok((place, target))
    }

    /// Write an owner; give the place to which further records may point.
    #[inline]
    fn put_owner(&mut self, owner: Owner<'_>) -> Result<Option<u16>, Full> {
        match owner {
            Owner::At(place) => {
                self.put(&(POINTER | place).to_be_bytes())?;
                Ok(Some(place))
            }
            Owner::Name(name) => self.put_name(&name, Case::Ignored),
        }
    }

    #[inline]
    fn put_fixed(&mut self, rtype: u16, ttl: u32, length: u16) -> Result<(), Full> {
        let ([t1, t2], [c1, c2]) = (rtype.to_be_bytes(), IN.to_be_bytes());
        let ([s1, s2, s3, s4], [l1, l2]) = (ttl.to_be_bytes(), length.to_be_bytes());
        self.put(&[t1, t2, c1, c2, s1, s2, s3, s4, l1, l2])
    }

    /// Write a name, pointing to the longest part of it that is there already.
    ///
    /// Gives the place where it now stands, if a pointer can reach that far.
    fn put_name(&mut self, name: &Name<'_>, case: Case) -> Result<Option<u16>, Full> {
        let start = self.at;
        for label in 0..name.labels() {
            let Some((suffix, hash)) = name.suffix(label) else {
                return Err(Full);
            };
            if let Some(place) = self.find(name.labels() - label, suffix, hash, case) {
                self.put(&(POINTER | place).to_be_bytes())?;
                return Ok(if label == 0 {
                    Some(place)
                } else {
                    reachable(start)
                });
            }
            let here = self.at;
            let length = suffix.first().map_or(0, |&octets| 1 + usize::from(octets));
            self.put(suffix.get(..length).unwrap_or_default())?;
            self.remember(hash, here);
        }
        self.put(&[0])?;
        Ok(reachable(start))
    }

    /// Where a suffix of this many labels stands already.
    #[inline]
    fn find(&self, labels: usize, suffix: &[u8], hash: u64, case: Case) -> Option<u16> {
        if let Some(label) = self.question.labels().checked_sub(labels) {
            if self.question.suffix(label) == Some((suffix, hash)) {
                let place = HEADER + self.question.head(label)?;
                let asked = self.out.get(place..place + suffix.len());
                if case == Case::Ignored || asked == Some(suffix) {
                    return reachable(place);
                }
            }
        }
        let known = self
            .known
            .hashes
            .iter()
            .zip(&self.known.places)
            .take(self.known.count);
        known
            .filter(|&(&known, _)| known == hash)
            .map(|(_, &place)| place)
            .find(|&place| self.stands_at(place, suffix, case))
    }

    /// Whether this name stands at a place in the reply.
    fn stands_at(&self, place: u16, name: &[u8], case: Case) -> bool {
        let (mut at, mut rest) = (usize::from(place), name);
        loop {
            let (Some(&length), Some(&wanted)) = (self.out.get(at), rest.first()) else {
                return false;
            };
            if length >= 0xc0 {
                // We wrote it: it points backwards.
                let Some(low) = self.out.get(at + 1) else {
                    return false;
                };
                at = usize::from(u16::from_be_bytes([length & 0x3f, *low]));
                continue;
            }
            let octets = 1 + usize::from(length);
            if length != wanted {
                return false;
            }
            match (self.out.get(at..at + octets), rest.split_at_checked(octets)) {
                (Some(here), Some((label, below)))
                    if here == label
                        || case == Case::Ignored && here.eq_ignore_ascii_case(label) =>
                {
                    rest = below;
                }
                _ => return false,
            }
            if length == 0 {
                return true;
            }
            at += octets;
        }
    }

    fn remember(&mut self, hash: u64, place: usize) {
        let at = self.known.count;
        if let (Some(place), Some(hash_at), Some(place_at)) = (
            reachable(place),
            self.known.hashes.get_mut(at),
            self.known.places.get_mut(at),
        ) {
            (*hash_at, *place_at) = (hash, place);
            self.known.count += 1;
        }
    }

    /// Write OPT and header; give the reply's length.
    #[inline]
    #[must_use]
    pub fn finish(self, verdict: &Verdict, edns: Option<&Edns>) -> usize {
        let Self {
            out,
            mut at,
            counts: [answer, authority, additional],
            ..
        } = self;
        let mut additional = additional;
        if let Some(edns) = edns {
            let rest = out.get_mut(at..).unwrap_or_default();
            if let Some(length) = edns::write(rest, edns, verdict.rcode as u16, verdict.scope) {
                at += length;
                additional += 1;
            }
        }
        let ([a1, a2], [n1, n2]) = (answer.to_be_bytes(), authority.to_be_bytes());
        let [r1, r2] = additional.to_be_bytes();
        if let Some([_, _, flags, code, _, _, counts @ ..]) = out.first_chunk_mut::<HEADER>() {
            *flags = flags_of(*flags, verdict);
            *code = verdict.rcode as u8 & 0x0f;
            *counts = [a1, a2, n1, n2, r1, r2];
        }
        at
    }
}

/// QR, opcode and RD as asked, AA and TC; RA, Z, AD and CD stay clear.
fn flags_of(asked: u8, verdict: &Verdict) -> u8 {
    let aa = if verdict.authoritative { 0x04 } else { 0 };
    let tc = if verdict.truncated { 0x02 } else { 0 };
    0x80 | asked & 0x79 | aa | tc
}

/// Answer with an error and a header alone; give the length.
#[must_use]
pub fn header_alone(packet: &[u8], out: &mut [u8], rcode: Rcode) -> Option<usize> {
    let &[i1, i2, flags, ..] = packet else {
        return None;
    };
    let header = out.first_chunk_mut::<HEADER>()?;
    *header = [
        i1,
        i2,
        0x80 | flags & 0x79,
        rcode as u8 & 0x0f,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    Some(HEADER)
}

#[inline]
fn reachable(place: usize) -> Option<u16> {
    u16::try_from(place).ok().filter(|_| place < REACH)
}
