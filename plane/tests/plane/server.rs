//! Real sockets: UDP and TCP, counters, a wildcard address, sockets handed over, stop.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{IntoRawFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Duration;

use gslb_plane::engine::Engine;
use gslb_plane::server::Server;

use super::world::{packet, read, serve, zone};

const PATIENCE: Duration = Duration::from_secs(5);

fn start(listen: &[&str], workers: usize) -> (Arc<Engine>, Server) {
    let engine = Arc::new(serve(&zone("www 60 A 192.0.2.1")));
    let listen: Vec<SocketAddr> = listen.iter().map(|text| text.parse().unwrap()).collect();
    let mut server = Server::bind(Arc::clone(&engine), &listen, workers).unwrap();
    server.start().unwrap();
    (engine, server)
}

fn udp(to: SocketAddr) -> UdpSocket {
    let from = if to.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
    let socket = UdpSocket::bind(from).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(to).unwrap();
    socket
}

fn ask_udp(to: SocketAddr) -> usize {
    let socket = udp(to);
    socket.send(&packet("www", "A", &[])).unwrap();
    let mut reply = [0; 1232];
    let length = socket.recv(&mut reply).unwrap();
    read(&reply[..length]).answer.len()
}

fn tcp(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

fn read_frame(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).unwrap();
    message
}

fn counted(engine: &Engine) -> BTreeMap<&'static str, u64> {
    engine.books.counters().into_iter().filter(|(_, count)| *count > 0).collect()
}

#[test]
fn every_address_answers_over_both_protocols_and_is_counted() {
    let (engine, mut server) = start(&["127.0.0.1:0", "[::1]:0"], 2);
    for &address in server.addresses() {
        assert_eq!(ask_udp(address), 1);
        let mut stream = tcp(address);
        stream.write_all(&framed(&packet("www", "A", &[])).repeat(3)).unwrap();
        for _ in 0..3 {
            assert_eq!(read(&read_frame(&mut stream)).answer.len(), 1);
        }
    }
    assert!(server.stop(PATIENCE)); // then no connection is open
    let wanted = [
        ("noerror", 8),
        ("tcp_answered", 6),
        ("tcp_connections", 2),
        ("tcp_received", 6),
        ("udp_answered", 2),
        ("udp_received", 2),
    ];
    assert_eq!(counted(&engine), BTreeMap::from(wanted));
    let types: BTreeMap<_, _> = engine.books.types().into_iter().collect();
    assert_eq!((types["a"], types.values().sum::<u64>()), (8, 8));
}

#[test]
fn silence_is_counted_as_dropped() {
    let (engine, mut server) = start(&["127.0.0.1:0"], 1);
    let socket = udp(server.addresses()[0]);
    socket.send(&[0; 11]).unwrap();
    socket.send(&[0; 4000]).unwrap(); // longer than any query
    socket.send(&packet("www", "A", &[])).unwrap();
    socket.recv(&mut [0; 1232]).unwrap();
    let counts = counted(&engine);
    assert_eq!((counts["udp_received"], counts["udp_answered"], counts["udp_dropped"]), (3, 1, 2));
    assert!(server.stop(PATIENCE));
}

#[test]
fn a_wildcard_address_answers_from_the_address_that_was_asked() {
    let (_, mut server) = start(&["0.0.0.0:0", "[::]:0"], 1);
    let (v4, v6) = (server.addresses()[0].port(), server.addresses()[1].port());
    for host in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 77)] {
        assert_eq!(ask_udp((host, v4).into()), 1, "a connected socket takes no other source");
    }
    assert_eq!(ask_udp(SocketAddr::new("::1".parse().unwrap(), v6)), 1);
    assert!(server.stop(PATIENCE));
}

#[test]
fn stop_answers_what_was_received() {
    let (_, mut server) = start(&["127.0.0.1:0", "127.0.0.1:0"], 1);
    let address = server.addresses()[1];
    let socket = udp(address);
    let mut stream = tcp(address);
    let count = 200;
    for _ in 0..count {
        socket.send(&packet("www", "A", &[])).unwrap();
    }
    stream.write_all(&framed(&packet("www", "A", &[]))).unwrap();
    assert!(server.stop(PATIENCE));
    for _ in 0..count {
        socket.recv(&mut [0; 1232]).unwrap();
    }
    read_frame(&mut stream);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    Server::bind(Arc::default(), &[address], 1).unwrap();
}

#[test]
fn a_taken_port_is_named() {
    let (_, server) = start(&["127.0.0.9:0"], 1); // where no other test has ports
    let address = server.addresses()[0];
    let Err(error) = Server::bind(Arc::default(), &[address], 1) else { unreachable!() };
    let sentence = error.to_string();
    assert!(sentence.starts_with(&format!("cannot bind TCP {address}: ")), "{sentence}");
    assert_ne!(error.errno(), 0);
    let holder = UdpSocket::bind("127.0.0.9:0").unwrap();
    let address = holder.local_addr().unwrap();
    let Err(error) = Server::bind(Arc::default(), &[address], 1) else { unreachable!() };
    assert!(error.to_string().starts_with(&format!("cannot bind UDP {address}: ")));
}

/// Sockets of one free port, as another program may hand them over: so many of UDP, and one of TCP.
/// The address is nobody else's, so that no other test takes the port meanwhile.
fn handed_over(count: usize) -> (SocketAddr, Vec<RawFd>) {
    let listener = TcpListener::bind("127.0.0.8:0").unwrap();
    let address = listener.local_addr().unwrap();
    let bound = (0..count).map(|_| gslb_plane::net::udp::bind(address).unwrap().into_raw_fd());
    (address, bound.chain([listener.into_raw_fd()]).collect())
}

#[test]
fn sockets_that_were_bound_elsewhere_are_answered_on() {
    for (sockets, workers) in [(1, 1), (1, 3), (3, 2)] {
        let (address, numbers) = handed_over(sockets);
        let engine = Arc::new(serve(&zone("www 60 A 192.0.2.1")));
        let mut server = Server::adopt(Arc::clone(&engine), &numbers, workers).unwrap();
        assert_eq!(server.addresses(), [address]);
        server.start().unwrap();
        for _ in 0..50 {
            assert_eq!(ask_udp(address), 1, "{sockets} sockets for {workers} workers");
        }
        let mut stream = tcp(address);
        stream.write_all(&framed(&packet("www", "A", &[]))).unwrap();
        assert_eq!(read(&read_frame(&mut stream)).answer.len(), 1);
        assert!(server.stop(PATIENCE));
        Server::bind(Arc::default(), &[address], 1).unwrap(); // it has closed them
    }
}

#[test]
fn what_is_no_socket_of_ours_is_named() {
    let (unix, _other) = UnixDatagram::pair().unwrap();
    let number = unix.into_raw_fd();
    let Err(error) = Server::adopt(Arc::default(), &[number], 1) else { unreachable!() };
    let wanted = format!("cannot take over the socket {number}: it is neither of UDP nor of TCP");
    assert_eq!(error.to_string(), wanted);
    let Err(error) = Server::adopt(Arc::default(), &[-1], 1) else { unreachable!() };
    assert!(error.to_string().starts_with("cannot take over the socket -1: "), "{error}");
    assert_ne!(error.errno(), 0);
}
