//! TCP (RFC 7766, RFC 9210): one thread, many connections, messages framed by their length.
//!
//! ```text
//! listener ─▶ admit ─▶ turns (connection.rs), as its socket becomes ready ─▶ close
//!               └ who must go for it, and whose time is up: crowd.rs
//! ```
//!
//! UDP has threads of its own: however many come here, no datagram waits for them.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use socket2::{Domain, Protocol, Socket, Type};

use super::connection::{Connection, Next};
use super::crowd::Crowd;
use super::frames::Answerer;
use super::handover::{Handed, Handover};
use crate::engine::Engine;
use crate::tally::Counter;

/// How many connections are let in of one listener before those inside have their turns.
const ACCEPTS: usize = 64;
/// How often it is looked what the limits are, and who is left waiting outside.
const SWEEP: Duration = Duration::from_secs(1);
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
        let answerer = Answerer::new(engine);
        let mut room = Room {
            crowd: Crowd::new(answerer.limits()),
            answerer,
            next: listeners.len() + 1,
            listeners,
            connections: BTreeMap::new(),
            handover,
        };
        let mut events = Events::with_capacity(256);
        let mut swept = Instant::now();
        let (mut knocking, mut busy) = (false, Vec::new());
        while !stop.load(Ordering::Acquire) {
            let wait = if knocking || !busy.is_empty() { Duration::ZERO } else { room.patience() };
            if poll.poll(&mut events, Some(wait)).is_err() {
                continue; // interrupted by a signal
            }
            let mut turn = std::mem::take(&mut busy);
            for event in &events {
                if (1..=room.listeners.len()).contains(&event.token().0) {
                    knocking = true;
                } else if room.note(event) {
                    turn.push(event.token());
                }
            }
            turn.sort_unstable();
            turn.dedup();
            busy.extend(turn.into_iter().filter(|&token| room.serve(token, &poll)));
            if swept.elapsed() >= SWEEP {
                swept = Instant::now();
                knocking = true; // what could not be accepted before, and for new limits
            }
            if knocking {
                knocking = room.accept(&poll);
            }
            room.close_overdue();
        }
        room.finish(&poll);
    }
}

struct Room<'e> {
    answerer: Answerer<'e>,
    listeners: Vec<TcpListener>,
    connections: BTreeMap<Token, Connection>,
    crowd: Crowd,
    handover: Arc<Handover>,
    next: usize,
}

impl Room<'_> {
    /// Let in who knocks, a few at a time so that those inside have their turns; true if more may
    /// be waiting.
    fn accept(&mut self, poll: &Poll) -> bool {
        self.keep_limits();
        let mut more = false;
        for at in 0..self.listeners.len() {
            let mut left = ACCEPTS;
            while left > 0 {
                left -= 1;
                match self.listeners.get(at).map(TcpListener::accept) {
                    Some(Ok((stream, peer))) => self.admit(poll, stream, peer.ip()),
                    // Whoever is idle has the descriptor that the new one needs.
                    Some(Err(error)) if is_out_of_descriptors(&error) => {
                        let Some(idlest) = self.crowd.idlest() else { break };
                        self.close(idlest, Some(Counter::TcpClosedFull));
                    }
                    Some(Err(error)) if is_of_one_connection(&error) => {}
                    _ => break,
                }
            }
            more |= left == 0;
        }
        more
    }

    fn admit(&mut self, poll: &Poll, mut stream: TcpStream, peer: IpAddr) {
        let token = Token(self.next);
        self.next += 1;
        let interest = Interest::READABLE | Interest::WRITABLE;
        if poll.registry().register(&mut stream, token, interest).is_err() {
            return;
        }
        let _ = stream.set_nodelay(true);
        let client = Some(peer).filter(|&peer| !self.answerer.trusts(peer));
        while let Some((other, cause)) = self.crowd.in_the_way(client) {
            self.close(other, Some(cause));
        }
        self.answerer.count_opened();
        let now = Instant::now();
        self.crowd.join(token, client, now);
        self.connections.insert(token, Connection::new(stream, peer, now));
    }

    /// Note what a connection has become ready for; false if it is gone.
    fn note(&mut self, event: &Event) -> bool {
        let Some(connection) = self.connections.get_mut(&event.token()) else {
            return false;
        };
        connection.note(event);
        true
    }

    /// Give a connection its turn; true if it wants another one at once.
    fn serve(&mut self, token: Token, poll: &Poll) -> bool {
        let Some(connection) = self.connections.get_mut(&token) else {
            return false;
        };
        let before = *connection.peer();
        let can_leave = self.answerer.transfers() && self.handover.has_room();
        let next = connection.turn(&mut self.answerer, can_leave);
        let (used, begun) = connection.times();
        self.crowd.note(token, used, begun);
        if *connection.peer() != before {
            let client = connection.peer().source;
            while let Some((other, cause)) = self.crowd.in_the_way_of(client) {
                self.close(other, Some(cause));
            }
            self.crowd.count_for(token, client);
        }
        match next {
            Ok(Next::HandOver) => self.hand_over(token, poll),
            Ok(Next::Close) | Err(_) => self.close(token, None),
            Ok(Next::Again | Next::Wait) => {}
        }
        matches!(next, Ok(Next::Again))
    }

    /// Let a connection leave this room for Python's.
    fn hand_over(&mut self, token: Token, poll: &Poll) {
        let Some(connection) = self.take(token) else {
            return;
        };
        self.answerer.count_closed(Some(Counter::TcpHandedOver));
        let peer = connection.peer().source;
        let (mut stream, octets) = connection.leave();
        if poll.registry().deregister(&mut stream).is_ok() {
            self.handover.put(Handed { stream: stream.into(), peer, octets });
        }
    }

    /// Take a connection out of the room; it is not closed before it is dropped.
    fn take(&mut self, token: Token) -> Option<Connection> {
        self.crowd.leave(token);
        self.connections.remove(&token)
    }

    fn close(&mut self, token: Token, cause: Option<Counter>) {
        if self.take(token).is_some() {
            self.answerer.count_closed(cause);
        }
    }

    /// How long nothing may happen before somebody's time is up.
    fn patience(&self) -> Duration {
        self.crowd.patience(Instant::now(), SWEEP)
    }

    fn close_overdue(&mut self) {
        let now = Instant::now();
        while let Some(token) = self.crowd.overdue(now) {
            let slow = self.connections.get(&token).is_some_and(Connection::owes);
            let cause = if slow { Counter::TcpClosedSlow } else { Counter::TcpClosedIdle };
            self.close(token, Some(cause));
        }
    }

    /// See that the limits which hold now are kept.
    fn keep_limits(&mut self) {
        for (token, cause) in self.crowd.limit(&self.answerer.limits()) {
            self.close(token, Some(cause));
        }
    }

    /// Answer what was received, send what the peers take, and close.
    fn finish(mut self, poll: &Poll) {
        let end = Instant::now() + LAST_WORDS;
        while self.accept(poll) && Instant::now() < end {}
        for connection in self.connections.values_mut() {
            connection.look_again();
            while matches!(connection.turn(&mut self.answerer, false), Ok(Next::Again))
                && Instant::now() < end
            {}
            self.answerer.count_closed(None);
        }
    }
}

/// Whether a connection could not be taken for want of a descriptor (EMFILE, ENFILE).
fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

/// Whether only the connection that was being taken is lost.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted)
}
