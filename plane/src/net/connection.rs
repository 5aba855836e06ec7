//! One TCP connection: what it sends, what it is answered, and its turns.
//!
//! ```text
//! readable ─▶ input ─▶ greeting ─▶ whole frames answered in order ─▶ output ─▶ writable
//!                                  (not while too much output waits)
//! over: the peer's end of stream, once it has its last reply; a frame shorter than a header; a
//! header of the PROXY protocol that is malformed, or not this peer's to send
//! ```

use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Instant;

use mio::event::Event;
use mio::net::TcpStream;

use super::frames::{Answerer, Greeting, Input, KEPT, Peer};

/// How much output may wait before no more questions of its connection are answered.
const OUTPUT: usize = 128 << 10;
/// How many turns a connection gets before the others have theirs.
const TURNS: usize = 16;
pub(super) struct Connection {
    stream: TcpStream,
    peer: Peer,
    greeting: Greeting,
    input: Input,
    output: Vec<u8>,
    sent: usize,
    readable: bool,
    writable: bool,
    /// The peer sends no more, or may not.
    ended: bool,
    /// When a message was last received whole, or the waiting replies were taken to the last octet.
    used: Instant,
    /// When the message began that is not whole, unless replies wait: then no more is read.
    begun: Option<Instant>,
}

/// What to do with a connection after its turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Wait,
    Again,
    Close,
    HandOver,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, peer: IpAddr, now: Instant) -> Self {
        Self {
            stream,
            peer: Peer::new(peer),
            greeting: Greeting::Partial,
            input: Input::default(),
            output: Vec::new(),
            sent: 0,
            readable: false,
            writable: true,
            ended: false,
            used: now,
            begun: None,
        }
    }

    /// Who is at the other end, and for whom it asks.
    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// When it was last used, and when the message began that is not whole.
    pub(super) fn times(&self) -> (Instant, Option<Instant>) {
        (self.used, self.begun)
    }

    /// Note what the socket has become ready for.
    pub(super) fn note(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed();
        self.writable |= event.is_writable();
    }

    /// Read once more, whatever is known of the socket.
    pub(super) fn look_again(&mut self) {
        self.readable = true;
    }

    /// Take the stream out of here, with the octets that are not answered. What waits to be sent is
    /// lost: who wants it sent leaves later.
    pub(super) fn leave(self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.input.into_rest())
    }

    /// Whether the peer has begun what it has not finished: a message, or to take replies.
    pub(super) fn owes(&self) -> bool {
        self.begun.is_some() || !self.output.is_empty()
    }

    /// Write, answer and read, until the socket has no more or takes no more; or until Python's
    /// turn has come, if it can leave.
    pub(super) fn turn(
        &mut self,
        answerer: &mut Answerer<'_>,
        can_leave: bool,
    ) -> io::Result<Next> {
        let used = self.used;
        let next = self.work(answerer, can_leave);
        if self.input.rest().is_empty() || !self.output.is_empty() {
            self.begun = None;
        } else if self.begun.is_none() || self.used != used {
            self.begun = Some(Instant::now());
        }
        next
    }

    fn work(&mut self, answerer: &mut Answerer<'_>, can_leave: bool) -> io::Result<Next> {
        for _ in 0..TURNS {
            self.write()?;
            let before = self.output.len();
            if before > OUTPUT {
                return Ok(Next::Wait); // no more is read either: the peer feels it
            }
            if self.is_greeted(answerer)? {
                let Self { input, peer, output, .. } = self;
                let (messages, more) = answerer.answer(input, peer, output, OUTPUT, can_leave);
                if messages > 0 {
                    self.used = Instant::now();
                }
                self.ended |= !more;
            }
            if self.output.len() > before {
                continue;
            }
            if can_leave && self.greeting == Greeting::Over && answerer.hands_over(&self.input) {
                return Ok(if before == 0 { Next::HandOver } else { Next::Wait });
            }
            if self.ended {
                return Ok(if before == 0 { Next::Close } else { Next::Wait });
            }
            if !self.readable {
                return Ok(Next::Wait);
            }
            match self.input.read_from(&mut self.stream, &mut answerer.chunk) {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Next::Again)
    }

    /// Whether messages may be read: what stands before the first one has been.
    fn is_greeted(&mut self, answerer: &Answerer<'_>) -> io::Result<bool> {
        if self.greeting == Greeting::Partial {
            self.greeting = answerer.greet(&mut self.input, &mut self.peer);
        }
        match self.greeting {
            Greeting::Partial => Ok(false),
            Greeting::Over => Ok(true),
            Greeting::Wrong => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        while self.writable {
            let rest = self.output.get(self.sent..).unwrap_or_default();
            if rest.is_empty() {
                if self.sent > 0 {
                    self.used = Instant::now();
                }
                self.output.clear();
                self.output.shrink_to(KEPT);
                self.sent = 0;
                break;
            }
            match self.stream.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream as Wire};

    use super::*;
    use crate::engine::Engine;

    #[test]
    fn who_leaves_takes_along_what_is_not_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut wire = Wire::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, peer) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let stream = TcpStream::from_std(stream);
        let mut connection = Connection::new(stream, peer.ip(), Instant::now());
        let mut query = [0; 14];
        query[1] = 12;
        wire.write_all(&[&query[..], b"\0\x0crest"].concat()).unwrap();
        let engine = Engine::default();
        let mut answerer = Answerer::new(&engine);
        while connection.times().1.is_none() {
            connection.look_again();
            assert!(connection.turn(&mut answerer, false).unwrap() == Next::Wait);
        }
        assert!(connection.owes());
        let (stream, rest) = connection.leave();
        assert_eq!(rest, b"\0\x0crest");
        drop(stream);
        let mut replies = Vec::new();
        let _ = wire.read_to_end(&mut replies); // reset, if the system saw unread octets
        assert_eq!(replies.len(), 14, "the question before the rest was answered");
    }
}
