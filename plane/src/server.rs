//! Sockets and the threads that answer on them: bind, start, stop.
//!
//! Everything is bound before anything is answered, so that a taken port is an error of the start
//! and not of the first packet. What comes between is kept by the kernel.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use std::{fmt, io};

use mio::Waker;
use socket2::Socket;

use crate::engine::Engine;
use crate::net::handover::Handover;
use crate::net::inherited::{self, Inherited};
use crate::net::tcp::{self, Desk};
use crate::net::udp;

/// How often a free port is looked for that both UDP and TCP can have.
const TRIES: usize = 32;

/// What could not be done, and why.
#[derive(Debug)]
pub struct ServerError {
    sentence: String,
    cause: io::Error,
}

impl ServerError {
    fn new(sentence: String, cause: io::Error) -> Self {
        Self { sentence, cause }
    }

    /// The system's error number; 0 if it is not an error of the system.
    #[must_use]
    pub fn errno(&self) -> i32 {
        self.cause.raw_os_error().unwrap_or(0)
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.sentence, self.cause)
    }
}

impl std::error::Error for ServerError {}

/// Sockets and threads.
pub struct Server {
    engine: Arc<Engine>,
    addresses: Vec<SocketAddr>,
    /// What is bound and not yet answered on: sockets by worker, and the TCP listeners.
    bound: Option<(Vec<Vec<Socket>>, Desk)>,
    stop: Arc<AtomicBool>,
    waker: Arc<Waker>,
    handover: Arc<Handover>,
    running: usize,
    ended: (Sender<()>, Receiver<()>),
}

impl Server {
    /// Bind every address for TCP, and for UDP once a worker.
    ///
    /// Port 0 takes one free port for both. TCP comes first: it is never shared, so that a second
    /// process cannot take a part of the first one's UDP unseen.
    ///
    /// # Errors
    /// The first address that could not be had.
    pub fn bind(
        engine: Arc<Engine>,
        listen: &[SocketAddr],
        workers: usize,
    ) -> Result<Self, ServerError> {
        let workers = workers.max(1);
        let mut addresses = Vec::with_capacity(listen.len());
        let mut listeners = Vec::with_capacity(listen.len());
        let mut by_worker: Vec<Vec<Socket>> = (0..workers).map(|_| Vec::new()).collect();
        for &wanted in listen {
            let (address, listener, sockets) = bind_both(wanted, workers)?;
            addresses.push(address);
            listeners.push(listener);
            for (worker, socket) in by_worker.iter_mut().zip(sockets) {
                worker.push(socket);
            }
        }
        Self::new(engine, addresses, by_worker, listeners)
    }

    /// Take sockets that were bound by whoever started the process, by the numbers of their
    /// descriptors; they belong to the server from now on.
    ///
    /// The UDP sockets of one address are spread over the workers. If there are fewer than workers
    /// they are shared: then the kernel hands every datagram to any of them, and they wait for one
    /// another to take it.
    ///
    /// # Errors
    /// The first number that is not that of a socket of UDP or TCP.
    pub fn adopt(
        engine: Arc<Engine>,
        numbers: &[RawFd],
        workers: usize,
    ) -> Result<Self, ServerError> {
        let (mut addresses, mut listeners) = (Vec::new(), Vec::new());
        let mut datagrams: Vec<(SocketAddr, Vec<Socket>)> = Vec::new();
        for &number in numbers {
            let fault =
                |cause| ServerError::new(format!("cannot take over the socket {number}"), cause);
            match inherited::take(number).map_err(fault)? {
                Inherited::Udp(address, socket) => {
                    udp::prepare(&socket, address).map_err(fault)?;
                    match datagrams.iter_mut().find(|(known, _)| *known == address) {
                        Some((_, sockets)) => sockets.push(socket),
                        None => datagrams.push((address, vec![socket])),
                    }
                }
                Inherited::Tcp(address, socket) => {
                    socket.set_nonblocking(true).map_err(fault)?;
                    addresses.push(address);
                    listeners.push(socket);
                }
            }
        }
        let mut by_worker: Vec<Vec<Socket>> = (0..workers.max(1)).map(|_| Vec::new()).collect();
        for (address, sockets) in datagrams {
            spread(sockets, &mut by_worker).map_err(|cause| {
                ServerError::new(format!("cannot share the UDP socket of {address}"), cause)
            })?;
        }
        Self::new(engine, addresses, by_worker, listeners)
    }

    fn new(
        engine: Arc<Engine>,
        addresses: Vec<SocketAddr>,
        by_worker: Vec<Vec<Socket>>,
        listeners: Vec<Socket>,
    ) -> Result<Self, ServerError> {
        let desk = Desk::new(listeners)
            .map_err(|cause| ServerError::new("cannot wait for TCP".to_owned(), cause))?;
        Ok(Self {
            engine,
            addresses,
            waker: desk.waker(),
            handover: desk.handover(),
            bound: Some((by_worker, desk)),
            stop: Arc::default(),
            running: 0,
            ended: channel(),
        })
    }

    /// The bound addresses, in the order asked for.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The connections that left the plane to be served by Python.
    #[must_use]
    pub fn handover(&self) -> &Handover {
        &self.handover
    }

    /// Start the threads; nothing happens the second time.
    ///
    /// # Errors
    /// If the system has no more threads; those that were started go on.
    pub fn start(&mut self) -> Result<(), ServerError> {
        let Some((by_worker, desk)) = self.bound.take() else {
            return Ok(());
        };
        for (number, sockets) in by_worker.into_iter().enumerate() {
            let handover = Arc::clone(&self.handover);
            self.spawn(&format!("gslb-udp-{number}"), move |engine, stop| {
                udp::run(engine, &sockets, &handover, stop);
            })?;
        }
        self.spawn("gslb-tcp-0", |engine, stop| {
            desk.run(engine, stop);
        })
    }

    fn spawn(
        &mut self,
        name: &str,
        work: impl FnOnce(&Engine, &AtomicBool) + Send + 'static,
    ) -> Result<(), ServerError> {
        let (engine, stop) = (Arc::clone(&self.engine), Arc::clone(&self.stop));
        let end = End(self.ended.0.clone());
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _end = end;
            work(&engine, &stop);
        });
        match thread {
            Ok(_) => self.running += 1,
            Err(cause) => {
                return Err(ServerError::new(format!("cannot start the thread {name}"), cause));
            }
        }
        Ok(())
    }

    /// Answer what was received, and end the threads; false if some were still busy after `wait`.
    pub fn stop(&mut self, wait: Duration) -> bool {
        self.bound = None;
        self.stop.store(true, Ordering::Release);
        // A thread that cannot be woken sees the flag a little later by itself.
        let _ = self.waker.wake();
        let start = Instant::now();
        while self.running > 0 {
            let left = wait.saturating_sub(start.elapsed());
            if self.ended.1.recv_timeout(left).is_err() {
                return false;
            }
            self.running -= 1;
        }
        true
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

/// Tells that a thread ends, however it ends.
struct End(Sender<()>);

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Give every socket to a worker, and every worker a socket.
fn spread(sockets: Vec<Socket>, workers: &mut [Vec<Socket>]) -> io::Result<()> {
    let shared: io::Result<Vec<_>> = (sockets.len()..workers.len())
        .zip(sockets.iter().cycle())
        .map(|(_, socket)| socket.try_clone())
        .collect();
    let count = workers.len();
    for (at, socket) in sockets.into_iter().chain(shared?).enumerate() {
        if let Some(worker) = workers.get_mut(at % count) {
            worker.push(socket);
        }
    }
    Ok(())
}

type Bound = (SocketAddr, Socket, Vec<Socket>);

/// Bind one address for TCP and for UDP once a worker.
fn bind_both(wanted: SocketAddr, workers: usize) -> Result<Bound, ServerError> {
    let mut tries = if wanted.port() == 0 { TRIES } else { 1 };
    loop {
        tries -= 1;
        let fault = |protocol: &str, address: SocketAddr, cause| {
            ServerError::new(format!("cannot bind {protocol} {address}"), cause)
        };
        let listener = tcp::bind(wanted).map_err(|cause| fault("TCP", wanted, cause))?;
        let mut address = wanted;
        let local = listener.local_addr().map_err(|cause| fault("TCP", wanted, cause))?;
        address.set_port(local.as_socket().map_or(0, |local| local.port()));
        let sockets: io::Result<Vec<_>> = (0..workers).map(|_| udp::bind(address)).collect();
        match sockets {
            Ok(sockets) => return Ok((address, listener, sockets)),
            Err(cause) if tries == 0 || cause.kind() != io::ErrorKind::AddrInUse => {
                return Err(fault("UDP", address, cause));
            }
            Err(_) => {}
        }
    }
}
