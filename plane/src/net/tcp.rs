//! TCP (RFC 7766): one thread, many connections, messages framed by their length.
//!
//! ```text
//! readable ─▶ input ─▶ whole frames answered in order ─▶ output ─▶ writable
//!                      (not while too much output waits)
//! closed: by the peer, after its last reply; a frame shorter than a header; 10 s without a
//! message or progress; or as the idlest of too many
//! ```

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use socket2::{Domain, Protocol, Socket, Type};

use super::frames::{Answerer, Input};
use super::handover::{Handed, Handover};
use crate::engine::Engine;

const MAX_CONNECTIONS: usize = 1000;
/// How long a connection may be without a message or progress (RFC 7766 section 6.2.3).
const IDLE: Duration = Duration::from_secs(10);
/// How often idle connections are looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// How much output may wait before no more questions of its connection are answered.
const OUTPUT: usize = 128 << 10;
/// How many turns a connection gets before the others have theirs.
const TURNS: usize = 16;
/// How long what was received may take to be answered at the end.
const LAST_WORDS: Duration = Duration::from_millis(500);
const WAKE: Token = Token(0);

/// Bind and listen.
///
/// # Errors
/// The system's, most often that the address is taken or is not ours.
pub fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    Ok(socket)
}

/// Listeners and what wakes the thread that serves them.
pub struct Desk {
    poll: Poll,
    waker: Arc<Waker>,
    listeners: Vec<TcpListener>,
    handover: Arc<Handover>,
}

impl Desk {
    /// Take bound listeners.
    ///
    /// # Errors
    /// The system's, if it has no more descriptors.
    pub fn new(sockets: Vec<Socket>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let mut listeners = Vec::with_capacity(sockets.len());
        for (number, socket) in (1..).zip(sockets) {
            let mut listener = TcpListener::from_std(socket.into());
            poll.registry().register(&mut listener, Token(number), Interest::READABLE)?;
            listeners.push(listener);
        }
        let handover = Arc::new(Handover::new()?);
        Ok(Self { poll, waker, listeners, handover })
    }

    /// What wakes the thread, to see that it should end.
    #[must_use]
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Where connections go that Python serves.
    #[must_use]
    pub fn handover(&self) -> Arc<Handover> {
        Arc::clone(&self.handover)
    }

    /// Answer until told to stop; then answer what was received.
    pub fn run(self, engine: &Engine, stop: &AtomicBool) {
        let Self { mut poll, listeners, handover, .. } = self;
        let mut room = Room {
            answerer: Answerer::new(engine),
            next: listeners.len() + 1,
            listeners,
            connections: BTreeMap::new(),
            handover,
        };
        let mut events = Events::with_capacity(256);
        let mut swept = Instant::now();
        let mut busy = Vec::new();
        while !stop.load(Ordering::Acquire) {
            let wait = if busy.is_empty() { SWEEP } else { Duration::ZERO };
            if poll.poll(&mut events, Some(wait)).is_err() {
                continue; // interrupted by a signal
            }
            let mut turn = std::mem::take(&mut busy);
            for event in &events {
                if (1..=room.listeners.len()).contains(&event.token().0) {
                    room.accept(&poll);
                } else if room.note(event) {
                    turn.push(event.token());
                }
            }
            turn.sort_unstable();
            turn.dedup();
            busy.extend(turn.into_iter().filter(|&token| room.serve(token, &poll)));
            if swept.elapsed() >= SWEEP {
                swept = Instant::now();
                room.accept(&poll); // what could not be accepted before
                room.close_idle();
            }
        }
        room.finish(&poll);
    }
}

struct Connection {
    stream: TcpStream,
    peer: IpAddr,
    input: Input,
    output: Vec<u8>,
    sent: usize,
    readable: bool,
    writable: bool,
    /// The peer sends no more, or may not.
    ended: bool,
    active: Instant,
}

/// What to do with a connection after its turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Wait,
    Again,
    Close,
    HandOver,
}

struct Room<'e> {
    answerer: Answerer<'e>,
    listeners: Vec<TcpListener>,
    connections: BTreeMap<Token, Connection>,
    handover: Arc<Handover>,
    next: usize,
}

impl Room<'_> {
    fn accept(&mut self, poll: &Poll) {
        for listener in &self.listeners {
            while let Ok((mut stream, peer)) = listener.accept() {
                let token = Token(self.next);
                self.next += 1;
                let interest = Interest::READABLE | Interest::WRITABLE;
                if poll.registry().register(&mut stream, token, interest).is_err() {
                    continue;
                }
                let _ = stream.set_nodelay(true);
                self.answerer.count_connection();
                if self.connections.len() >= MAX_CONNECTIONS {
                    let idlest = self.connections.iter().min_by_key(|(_, one)| one.active);
                    if let Some(idlest) = idlest.map(|(&token, _)| token) {
                        self.connections.remove(&idlest);
                    }
                }
                self.connections.insert(
                    token,
                    Connection {
                        stream,
                        peer: peer.ip(),
                        input: Input::default(),
                        output: Vec::new(),
                        sent: 0,
                        readable: false,
                        writable: true,
                        ended: false,
                        active: Instant::now(),
                    },
                );
            }
        }
    }

    /// Note what a connection has become ready for; false if it is gone.
    fn note(&mut self, event: &Event) -> bool {
        let Some(connection) = self.connections.get_mut(&event.token()) else {
            return false;
        };
        connection.readable |= event.is_readable() || event.is_read_closed();
        connection.writable |= event.is_writable();
        true
    }

    /// Give a connection its turn; true if it wants another one at once.
    fn serve(&mut self, token: Token, poll: &Poll) -> bool {
        let Some(connection) = self.connections.get_mut(&token) else {
            return false;
        };
        match connection.turn(&mut self.answerer, self.handover.has_room()) {
            Ok(Next::Again) => true,
            Ok(Next::Wait) => false,
            Ok(Next::HandOver) => {
                if let Some(connection) = self.connections.remove(&token) {
                    self.answerer.count_handed_over();
                    connection.hand_over(poll, &self.handover);
                }
                false
            }
            Ok(Next::Close) | Err(_) => {
                self.connections.remove(&token);
                false
            }
        }
    }

    fn close_idle(&mut self) {
        self.connections.retain(|_, connection| connection.active.elapsed() < IDLE);
    }

    /// Answer what was received, send what the peers take, and close.
    fn finish(mut self, poll: &Poll) {
        self.accept(poll);
        let end = Instant::now() + LAST_WORDS;
        for connection in self.connections.values_mut() {
            connection.readable = true;
            while matches!(connection.turn(&mut self.answerer, false), Ok(Next::Again))
                && Instant::now() < end
            {}
        }
    }
}

impl Connection {
    /// Write, answer and read, until the socket has no more or takes no more; or until Python's
    /// turn has come, if connections can be handed over.
    fn turn(&mut self, answerer: &mut Answerer<'_>, can_leave: bool) -> io::Result<Next> {
        for _ in 0..TURNS {
            self.write()?;
            let before = self.output.len();
            if before > OUTPUT {
                return Ok(Next::Wait); // no more is read either: the peer feels it
            }
            let (messages, more) =
                answerer.answer(&mut self.input, self.peer, &mut self.output, OUTPUT, can_leave);
            if messages > 0 {
                self.active = Instant::now();
            }
            self.ended |= !more;
            if self.output.len() > before {
                continue;
            }
            if can_leave && answerer.hands_over() && self.input.is_for_python() {
                return Ok(if before == 0 { Next::HandOver } else { Next::Wait });
            }
            if self.ended {
                return Ok(if before == 0 { Next::Close } else { Next::Wait });
            }
            if !self.readable {
                return Ok(Next::Wait);
            }
            match self.input.read_from(&mut self.stream) {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Next::Again)
    }

    /// Leave this room for Python's.
    fn hand_over(mut self, poll: &Poll, handover: &Handover) {
        if poll.registry().deregister(&mut self.stream).is_ok() {
            let (stream, octets) = (self.stream.into(), self.input.into_rest());
            handover.put(Handed { stream, peer: self.peer, octets });
        }
    }

    fn write(&mut self) -> io::Result<()> {
        while self.writable {
            let rest = self.output.get(self.sent..).unwrap_or_default();
            if rest.is_empty() {
                self.output.clear();
                self.sent = 0;
                break;
            }
            match self.stream.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.sent += count;
                    self.active = Instant::now();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
