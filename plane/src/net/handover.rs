//! Connections that leave this room: what asks for a zone transfer, or is signed, goes to Python.
//!
//! ```text
//! tcp: the next message is one of those ─▶ what is owed is sent ─▶ queue ─▶ a byte wakes Python
//!                                                                  full: it stays, and is REFUSED
//! ```
//!
//! A connection is handed over once and for all, with the octets that were read and not answered;
//! the message that was the reason comes first among them.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};

use crate::wire::query::{question_end, record_at};
use crate::wire::{HEADER, IN, number_at, rtype};

/// How many connections may wait for Python.
const WAITING: usize = 64;

/// A connection that was handed over.
#[derive(Debug)]
pub struct Handed {
    /// The connection; it does not block.
    pub stream: TcpStream,
    /// Who asks.
    pub peer: IpAddr,
    /// What was read and not answered: frames, the last one perhaps not whole.
    pub octets: Vec<u8>,
}

/// The queue between the threads that serve TCP and Python.
#[derive(Debug)]
pub struct Handover {
    waiting: Mutex<VecDeque<Handed>>,
    bell: UnixStream,
    ear: UnixStream,
}

impl Handover {
    /// Make an empty queue.
    ///
    /// # Errors
    /// The system's, if it has no more descriptors.
    pub fn new() -> io::Result<Self> {
        let (bell, ear) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        Ok(Self { waiting: Mutex::default(), bell, ear })
    }

    /// What can be read from when something waits.
    #[must_use]
    pub fn ear(&self) -> &UnixStream {
        &self.ear
    }

    /// Whether one more would find a place.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).len() < WAITING
    }

    /// Put a connection into the queue.
    pub(super) fn put(&self, handed: Handed) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(handed);
        // It can only fail because bytes enough lie there already.
        let _ = (&self.bell).write(&[0]);
    }

    /// Take everything that waits.
    pub fn take(&self) -> VecDeque<Handed> {
        let mut bytes = [0; 2 * WAITING];
        let _ = (&self.ear).read(&mut bytes); // first: what comes after rings again
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a message is for Python: a question for a zone transfer, or one with a signature (TSIG,
/// RFC 8945), which only Python can check and give back.
pub(super) fn is_for_python(message: &[u8]) -> bool {
    asks(message).is_some_and(|(end, qtype)| {
        matches!(qtype, rtype::AXFR | rtype::IXFR) || is_signed(message, end).unwrap_or(false)
    })
}

/// Where the one question of a query ends, and its type.
fn asks(message: &[u8]) -> Option<(usize, u16)> {
    const NO_QUERY: u8 = 0xf8; // QR and the opcode
    let &[_, _, flags, _, 0, 1, ..] = message else { return None };
    let end = question_end(message)?;
    let class = number_at(message, end - 2)?;
    (flags & NO_QUERY == 0 && class == IN).then_some(())?;
    Some((end, number_at(message, end - 4)?))
}

/// Whether the last record is a TSIG.
fn is_signed(message: &[u8], question_end: usize) -> Option<bool> {
    let &[_, _, _, _, _, _, a1, a2, n1, n2, r1, r2, ..] = message else { return None };
    let additional = u16::from_be_bytes([r1, r2]);
    if additional == 0 {
        return Some(false);
    }
    let before = u32::from(u16::from_be_bytes([a1, a2])) + u32::from(u16::from_be_bytes([n1, n2]));
    let mut at = question_end.max(HEADER);
    for _ in 1..before + u32::from(additional) {
        at = record_at(message, at)?.1;
    }
    let (fixed, _) = record_at(message, at)?;
    Some(number_at(message, fixed) == Some(rtype::TSIG))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AXFR: &[u8] = b"\0\x01\0\0\0\x01\0\0\0\0\0\0\x01z\0\0\xfc\0\x01";
    const SOA: &[u8] = b"\0\x01\0\0\0\x01\0\0\0\0\0\0\x01z\0\0\x06\0\x01";
    const OPT: &[u8] = b"\0\0\x29\x04\xd0\0\0\0\0\0\0";
    const TSIG: &[u8] = b"\x01k\0\0\xfa\0\xff\0\0\0\0\0\x02hi";

    fn with(additional: &[&[u8]]) -> Vec<u8> {
        let mut message = [SOA, &additional.concat()].concat();
        message[11] = u8::try_from(additional.len()).unwrap();
        message
    }

    #[test]
    fn transfers_and_signed_questions_are_for_python_and_nothing_else_is() {
        assert!(is_for_python(AXFR));
        assert!(is_for_python(&with(&[TSIG])) && is_for_python(&with(&[OPT, TSIG])));
        for other in [SOA, &with(&[OPT]), &with(&[TSIG, OPT]), &AXFR[..18], b"", &[0xff; 12]] {
            assert!(!is_for_python(other), "{other:?}");
        }
        for (at, octet) in [(2, 0x80), (2, 0x28), (5, 2), (18, 3)] {
            let mut other = AXFR.to_vec();
            other[at] = octet; // a reply, an UPDATE, two questions, class CHAOS
            assert!(!is_for_python(&other), "{other:?}");
        }
        let whole = with(&[OPT, TSIG]);
        for cut in 0..whole.len() {
            assert!(!is_for_python(&whole[..cut]), "cut after {cut}");
        }
    }

    #[test]
    fn the_queue_wakes_is_bounded_and_is_emptied_at_once() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let queue = Handover::new().unwrap();
        for _ in 0..WAITING {
            assert!(queue.has_room());
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let peer = stream.peer_addr().unwrap().ip();
            queue.put(Handed { stream, peer, octets: AXFR.to_vec() });
        }
        assert!(!queue.has_room());
        assert_eq!(queue.ear().read(&mut [0; 1]).unwrap(), 1);
        assert_eq!(queue.take().len(), WAITING);
        assert!(queue.has_room() && queue.take().is_empty());
        assert_eq!(queue.ear().read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
