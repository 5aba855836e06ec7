//! One UDP worker: a thread with a socket of its own for each listening address.
//!
//! The kernel spreads clients over the workers (`SO_REUSEPORT`). With one address, the usual case,
//! the thread waits in `recvmmsg` itself; with several it polls. The world is loaded after the
//! packets were received: a publish that has returned is seen by every packet that comes later.

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{io, thread};

use socket2::{Domain, Protocol, Socket, Type};

use super::batch::{Batch, Readiness, Slot, Wait, tell_destination};
use super::handover::Handover;
use super::is_wildcard;
use crate::engine::{Engine, now};
use crate::panics::catch;
use crate::random::Rng;
use crate::respond::{Packet, Thread, Transport, respond};
use crate::tally::{Counter, Tally};
use crate::witness::{Silent, Witness};

/// How long a thread waits for a packet before it looks whether it should end.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long what is left in the sockets may take to be answered at the end.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// One datagram of this many is timed.
const TIMED: u32 = 64;
/// How much the kernel keeps for a thread that is behind; it may grant less.
const BACKLOG: usize = 4 << 20;

/// Bind one socket for one worker.
///
/// # Errors
/// The system's, most often that the address is taken or is not ours.
pub fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_port(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    prepare(&socket, address)?;
    // Smaller buffers still work.
    let _ = socket.set_recv_buffer_size(BACKLOG);
    let _ = socket.set_send_buffer_size(BACKLOG);
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Set what the worker's loop relies on, on a socket that we may not have made ourselves.
///
/// # Errors
/// The system's.
pub fn prepare(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if is_wildcard(&address) {
        tell_destination(socket.as_fd(), address.is_ipv6())?;
    }
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(PATIENCE))
}

/// Answer on these sockets until told to stop; then answer what they still hold.
pub fn run(engine: &Engine, sockets: &[Socket], handover: &Handover, stop: &AtomicBool) {
    run_watched(engine, sockets, handover, stop, &mut Silent);
}

/// Do as [`run`] does, while a witness looks on.
pub fn run_watched<W: Witness>(
    engine: &Engine,
    sockets: &[Socket],
    handover: &Handover,
    stop: &AtomicBool,
    witness: &mut W,
) {
    let mut worker = Worker {
        engine,
        tally: engine.books.new_tally(),
        thread: Thread::new(Rng::from_system()),
        batch: Batch::new(),
        handover,
        seen: 0,
        witness,
    };
    let mut readiness = Readiness::new(sockets.iter().map(AsFd::as_fd));
    while !stop.load(Ordering::Acquire) {
        match sockets {
            [socket] => worker.take(socket, Wait::ForOne),
            _ => worker.take_all(sockets, &mut readiness),
        };
    }
    let end = Instant::now() + LAST_WORDS;
    for socket in sockets {
        while worker.take(socket, Wait::No) && Instant::now() < end {}
    }
}

struct Worker<'e, W> {
    engine: &'e Engine,
    tally: Arc<Tally>,
    thread: Thread,
    batch: Batch,
    handover: &'e Handover,
    /// Datagrams so far, to time some of them.
    seen: u32,
    witness: &'e mut W,
}

impl<W: Witness> Worker<'_, W> {
    /// Take from whichever sockets have something.
    fn take_all(&mut self, sockets: &[Socket], readiness: &mut Readiness<'_>) -> bool {
        let patience = i32::try_from(PATIENCE.as_millis()).unwrap_or(0);
        let ready = readiness.wait(patience);
        let mut any = false;
        for (socket, _) in sockets.iter().zip(ready).filter(|(_, ready)| *ready) {
            any |= self.take(socket, Wait::No);
        }
        any
    }

    /// Receive one batch, answer it and send the replies; false if nothing came.
    fn take(&mut self, socket: &Socket, wait: Wait) -> bool {
        match self.batch.receive(socket.as_fd(), wait) {
            Ok(0) => false,
            Ok(count) => {
                self.answer(count, socket);
                let unsent = self.batch.send(socket.as_fd());
                if unsent > 0 {
                    self.tally.add(Counter::UdpUnsent, unsent);
                }
                true
            }
            Err(error) => {
                let calm = [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted];
                if !calm.contains(&error.kind()) {
                    thread::sleep(Duration::from_millis(10)); // whatever it is, do not spin on it
                }
                false
            }
        }
    }

    /// Answer a batch. A packet that makes us panic is dropped, counted and kept; the others are
    /// not its victims.
    fn answer(&mut self, count: usize, socket: &Socket) {
        let Self { engine, tally, thread, batch, handover, seen, witness } = self;
        let world = engine.publisher.world();
        let now = now();
        tally.add(Counter::UdpReceived, u64::try_from(count).unwrap_or(0));
        let mut next = 0;
        while next < count {
            let answered = catch(|| {
                while next < count {
                    let at = next;
                    next += 1;
                    if world.policy.transfers && handover.offer(socket, batch, at, now) {
                        tally.count(Counter::UdpHandedOver);
                        continue;
                    }
                    let Some(slot) = batch.slot(at) else {
                        tally.count(Counter::UdpDropped);
                        tally.count(Counter::DroppedMalformed);
                        continue;
                    };
                    *seen = seen.wrapping_add(1);
                    let start = (*seen % TIMED == 0).then(Instant::now);
                    let Slot { packet: octets, source, out } = slot;
                    let udp = Transport::Udp;
                    let mut packet =
                        Packet { octets, source, front_end: None, transport: udp, now };
                    let length = if packet.unwrap_from(&world.policy) {
                        respond(&world, &packet, thread, tally, *witness, out)
                    } else {
                        tally.count(Counter::DroppedMalformed);
                        None
                    };
                    if let Some(start) = start {
                        tally.time(start.elapsed());
                    }
                    match length {
                        Some(length) => {
                            batch.reply(at, length);
                            tally.count(Counter::UdpAnswered);
                        }
                        None => tally.count(Counter::UdpDropped),
                    }
                }
            });
            if let Err(message) = answered {
                tally.count(Counter::Panics);
                tally.count(Counter::UdpDropped);
                if let Some(slot) = batch.slot(next - 1) {
                    engine.panics.keep(slot.packet, slot.source, message);
                }
            }
        }
    }
}
