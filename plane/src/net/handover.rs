//! What leaves this room for Python's: what asks for a zone transfer, or is signed (TSIG, RFC 8945).
//!
//! ```text
//! tcp: the next message is one of those ─▶ what is owed is sent ─▶ queue ─▶ a byte wakes Python
//! udp: a signed question ─────────────────────────────────────────▶
//!                                                  full: it stays, and is answered or REFUSED here
//! ```
//!
//! A connection is handed over once and for all, with the octets that were read and not answered;
//! the message that was the reason comes first among them. A datagram takes along what is needed to
//! answer it from the socket that it came to.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use socket2::Socket;

use super::batch::{Batch, Envelope, send_one};
use crate::wire::query::{question_end, record_at};
use crate::wire::{HEADER, IN, number_at, rtype};

/// How many connections, and how many datagrams, may wait for Python.
const WAITING: usize = 64;
/// How many datagrams a second are Python's: their sources may be forged, and the rest of its work
/// must go on.
const DATAGRAMS: u32 = 500;

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

/// A signed question that came in a datagram.
pub struct Datagram {
    /// Who asks.
    pub peer: IpAddr,
    /// The message.
    pub octets: Vec<u8>,
    socket: Socket,
    envelope: Envelope,
}

impl Datagram {
    /// Send the reply, from where the question came to.
    ///
    /// # Errors
    /// The system's; the client asks again.
    pub fn reply(&self, octets: &[u8]) -> io::Result<()> {
        send_one(self.socket.as_fd(), self.envelope, octets)
    }
}

#[derive(Default)]
struct Waiting {
    connections: VecDeque<Handed>,
    datagrams: VecDeque<Datagram>,
    /// The second that is counted, and the datagrams in it.
    second: (u32, u32),
}

/// The queues between the threads that have sockets and Python.
pub struct Handover {
    waiting: Mutex<Waiting>,
    bell: UnixStream,
    ear: UnixStream,
}

impl Waiting {
    fn takes_datagrams(&mut self, now: u32) -> bool {
        if self.second.0 != now {
            self.second = (now, 0);
        }
        self.datagrams.len() < WAITING && self.second.1 < DATAGRAMS
    }
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

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more connection would find a place.
    pub(super) fn has_room(&self) -> bool {
        self.waiting().connections.len() < WAITING
    }

    /// Put a connection into the queue.
    pub(super) fn put(&self, handed: Handed) {
        self.waiting().connections.push_back(handed);
        self.ring();
    }

    /// Put the datagram in a slot into the queue, if it is signed and there is room; `now` in
    /// seconds.
    pub(super) fn offer(&self, socket: &Socket, batch: &mut Batch, at: usize, now: u32) -> bool {
        let Some(slot) = batch.slot(at).filter(|slot| is_signed(slot.packet)) else {
            return false;
        };
        if !self.takes_datagrams(now) {
            return false; // before anything is copied for it
        }
        let (peer, octets) = (slot.source, slot.packet.to_vec());
        let (Some(envelope), Ok(socket)) = (batch.envelope(at), socket.try_clone()) else {
            return false;
        };
        self.put_datagram(Datagram { peer, octets, socket, envelope }, now)
    }

    /// Whether one more datagram would find a place in this second.
    fn takes_datagrams(&self, now: u32) -> bool {
        self.waiting().takes_datagrams(now)
    }

    fn put_datagram(&self, datagram: Datagram, now: u32) -> bool {
        let mut waiting = self.waiting();
        if !waiting.takes_datagrams(now) {
            return false;
        }
        waiting.second.1 += 1;
        waiting.datagrams.push_back(datagram);
        drop(waiting);
        self.ring();
        true
    }

    fn ring(&self) {
        // It can only fail because bytes enough lie there already.
        let _ = (&self.bell).write(&[0]);
    }

    /// Take all connections that wait. Whoever takes these takes the datagrams next.
    pub fn take_connections(&self) -> VecDeque<Handed> {
        let mut bytes = [0; 4 * WAITING];
        let _ = (&self.ear).read(&mut bytes); // first: what comes after rings again
        std::mem::take(&mut self.waiting().connections)
    }

    /// Take all datagrams that wait.
    pub fn take_datagrams(&self) -> VecDeque<Datagram> {
        std::mem::take(&mut self.waiting().datagrams)
    }
}

/// Whether a message over TCP is for Python: a question for a zone transfer, or a signed one, whose
/// signature only Python can check and give back.
pub(super) fn is_for_python(message: &[u8]) -> bool {
    let transfer = |(_, qtype)| matches!(qtype, rtype::AXFR | rtype::IXFR);
    asks(message).is_some_and(transfer) || is_signed(message)
}

/// Whether a message is a signed question.
fn is_signed(message: &[u8]) -> bool {
    asks(message).and_then(|(end, _)| ends_signed(message, end)).unwrap_or(false)
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
fn ends_signed(message: &[u8], question_end: usize) -> Option<bool> {
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
        assert!(is_signed(&with(&[TSIG])) && !is_signed(AXFR) && !is_signed(&with(&[OPT])));
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
        assert_eq!(queue.take_connections().len(), WAITING);
        assert!(queue.has_room() && queue.take_connections().is_empty());
        assert_eq!(queue.ear().read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
