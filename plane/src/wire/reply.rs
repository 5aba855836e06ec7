//! Writing a reply: header, question, records with compressed names, OPT.
//!
//! Nothing is allocated. What does not fit is taken back to a mark, so that a section holds whole
//! RRsets only (RFC 2181 section 9); whether TC is due then is the caller's business.

mod addresses;
mod open;

use super::denial::{Denial, Pointer};
use super::edns::{self, Edns, ExtendedError, Opt};
use super::known::{Case, Known, reachable};
use super::{CH, HEADER, IN, Rcode, rtype};
use crate::asked::Asked;
use crate::name::Name;

/// Where the question's name stands in every reply.
pub const QUESTION: u16 = 12;

const POINTER: u16 = 0xc000; // RFC 1035 section 4.1.4

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Who owns a record.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'n> {
    /// A name that stands at this place in the reply.
    At(u16),
    /// A name that may not have been written yet.
    Name(Name<'n>),
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
    /// Why, where the response code alone does not say it.
    pub error: Option<ExtendedError>,
}

impl Verdict {
    /// An answer that is an error, or none of ours.
    #[must_use]
    pub fn of(rcode: Rcode, error: Option<ExtendedError>) -> Self {
        Self { rcode, authoritative: false, truncated: false, scope: 0, error }
    }
}

/// A reply being written.
#[derive(Debug)]
pub struct Reply<'b> {
    out: &'b mut [u8],
    at: usize,
    /// The longest that it may be without its OPT record.
    limit: usize,
    /// How much of that is kept for the OPT record.
    kept: usize,
    counts: [u16; 3],
    known: &'b mut Known,
    question: &'b Asked,
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
    /// `limit` is the longest that the reply may be, its OPT record included, for which `kept`
    /// octets stay free.
    #[inline]
    pub fn new(
        out: &'b mut [u8],
        limit: usize,
        head: &[u8],
        kept: usize,
        known: &'b mut Known,
        question: &'b Asked,
    ) -> Option<Self> {
        let limit = limit.min(out.len()).checked_sub(kept)?;
        if head.len() > limit {
            return None;
        }
        out.get_mut(..head.len())?.copy_from_slice(head);
        known.truncate(0);
        Some(Self { out, at: head.len(), limit, kept, counts: [0; 3], known, question })
    }

    /// Take a mark.
    #[must_use]
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark { at: self.at, known: self.known.len(), counts: self.counts }
    }

    /// Forget everything that was written after a mark.
    pub fn back_to(&mut self, mark: Mark) {
        self.at = mark.at;
        self.known.truncate(mark.known);
        self.counts = mark.counts;
    }

    /// Forget everything behind the question, which ends there.
    pub fn back_to_question(&mut self, end: usize) {
        self.back_to(Mark { at: end, known: 0, counts: [0; 3] });
    }

    /// Count records of a section.
    #[inline]
    pub fn count(&mut self, section: Section, records: u16) {
        if let Some(count) = self.counts.get_mut(section as usize) {
            *count += records;
        }
    }

    /// How long it is so far, with its OPT record.
    #[must_use]
    #[inline]
    pub fn length(&self) -> usize {
        self.at + self.kept
    }

    /// Whether there are records in the answer section.
    #[must_use]
    #[inline]
    pub fn has_answer(&self) -> bool {
        let [answer, ..] = self.counts;
        answer > 0
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
        self.out.get_mut(self.at..end).ok_or(Full)?.copy_from_slice(octets);
        self.at = end;
        Ok(())
    }

    /// Write a whole record of class IN.
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
        let length = u16::try_from(data.len()).map_err(|_| Full)?;
        let place = match owner {
            Owner::At(place) => {
                let [p1, p2] = (POINTER | place).to_be_bytes();
                let [t1, t2, c1, c2, s1, s2, s3, s4, l1, l2] = fixed(rtype, IN, ttl, length);
                self.put(&[p1, p2, t1, t2, c1, c2, s1, s2, s3, s4, l1, l2])?;
                Some(place)
            }
            Owner::Name(name) => {
                let place = self.put_name(&name, Case::Ignored)?;
                self.put(&fixed(rtype, IN, ttl, length))?;
                place
            }
        };
        self.put(data)?;
        Ok(place)
    }

    /// Write a text about this server, owned by the question's name (RFC 4892).
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    pub fn put_chaos_text(&mut self, text: &str) -> Result<(), Full> {
        let length = u8::try_from(text.len()).map_err(|_| Full)?;
        self.put_owner(Owner::At(QUESTION))?;
        self.put(&fixed(rtype::TXT, CH, 0, u16::from(length) + 1))?;
        self.put(&[length])?;
        self.put(text.as_bytes())?;
        self.count(Section::Answer, 1);
        Ok(())
    }

    /// Copy the SOA of an origin with so many labels, which the question's name ends with; false
    /// if the question spells it with capitals: then the record's data must not point to it.
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    #[inline]
    pub fn put_denial(
        &mut self,
        denial: &Denial,
        origin: &[u8],
        labels: usize,
    ) -> Result<bool, Full> {
        let question = self.question.name();
        let label = question.labels().checked_sub(labels).ok_or(Full)?;
        let place = HEADER + question.head(label).ok_or(Full)?;
        if denial.record.is_empty() || self.out.get(place..place + origin.len()) != Some(origin) {
            return Ok(false);
        }
        let start = self.at;
        self.put(&denial.record)?;
        let record = self.out.get_mut(start..).ok_or(Full)?;
        for &pointer in &denial.pointers {
            let (at, to) = match pointer {
                Pointer::Origin { at } => (at, place),
                Pointer::Within { at, to } => (at, start + usize::from(to)),
            };
            let to = reachable(to).ok_or(Full)?;
            let slot = record.get_mut(usize::from(at)..).and_then(<[u8]>::first_chunk_mut);
            *slot.ok_or(Full)? = (POINTER | to).to_be_bytes();
        }
        self.count(Section::Authority, 1);
        Ok(true)
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
        let (place, start) = self.open_record(owner, rtype, ttl)?;
        let (before, first, second, after) = data;
        self.put(before)?;
        let target = self.put_name(&first, Case::Kept)?;
        if let Some(second) = second {
            self.put_name(&second, Case::Kept)?;
        }
        self.put(after)?;
        self.close(start)?;
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
                return Ok(if label == 0 { Some(place) } else { reachable(start) });
            }
            let here = self.at;
            let length = suffix.first().map_or(0, |&octets| 1 + usize::from(octets));
            self.put(suffix.get(..length).unwrap_or_default())?;
            self.known.remember(hash, here);
        }
        self.put(&[0])?;
        Ok(reachable(start))
    }

    /// Where a suffix of this many labels stands already.
    #[inline]
    fn find(&self, labels: usize, suffix: &[u8], hash: u64, case: Case) -> Option<u16> {
        let question = self.question.name();
        if let Some(label) = question.labels().checked_sub(labels) {
            if question.suffix(label) == Some((suffix, hash)) {
                let place = HEADER + question.head(label)?;
                let asked = self.out.get(place..place + suffix.len());
                if case == Case::Ignored || asked == Some(suffix) {
                    return reachable(place);
                }
            }
        }
        self.known.find(self.out, suffix, hash, case)
    }

    /// Write OPT and header; give the reply's length.
    #[expect(clippy::inline_always, reason = "it has one hot caller")]
    #[inline(always)]
    #[must_use]
    pub fn finish(&mut self, verdict: Verdict, edns: Option<(&Edns, &Opt<'_>)>) -> usize {
        let Self { ref mut out, mut at, counts: [answer, authority, mut additional], .. } = *self;
        if let Some((edns, opt)) = edns {
            let rest = out.get_mut(at..self.limit + self.kept).unwrap_or_default();
            let says = (verdict.rcode as u16, verdict.scope, verdict.error);
            if let Some(length) = edns::write(rest, edns, opt, says, at) {
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

/// What stands between a record's owner and its data.
#[inline]
fn fixed(rtype: u16, class: u16, ttl: u32, length: u16) -> [u8; 10] {
    let ([t1, t2], [c1, c2]) = (rtype.to_be_bytes(), class.to_be_bytes());
    let ([s1, s2, s3, s4], [l1, l2]) = (ttl.to_be_bytes(), length.to_be_bytes());
    [t1, t2, c1, c2, s1, s2, s3, s4, l1, l2]
}

/// QR, opcode and RD as asked, AA and TC; RA, Z, AD and CD stay clear.
fn flags_of(asked: u8, verdict: Verdict) -> u8 {
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
    *header = [i1, i2, 0x80 | flags & 0x79, rcode as u8 & 0x0f, 0, 0, 0, 0, 0, 0, 0, 0];
    Some(HEADER)
}
