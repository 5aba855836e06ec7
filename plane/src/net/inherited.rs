//! Sockets that were open when the process began: whoever started it has bound them.
//!
//! The number of a descriptor is all that is handed over, so that taking it is the second thing,
//! after batched I/O, that has no safe form.
#![expect(unsafe_code, reason = "a descriptor that another program opened is known by number only")]

use std::io;
use std::net::SocketAddr;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use socket2::{Socket, Type};

/// What a socket that was handed over is for.
#[derive(Debug)]
pub enum Inherited {
    /// Datagrams.
    Udp(SocketAddr, Socket),
    /// Connections.
    Tcp(SocketAddr, Socket),
}

/// Take a socket by its number. It is ours from now on, and is closed with what becomes of it.
///
/// # Errors
/// The system's, if the number is not that of an open socket; or what kind of socket it is.
pub fn take(number: RawFd) -> io::Result<Inherited> {
    // SAFETY: the call reads flags of a number that need not be open.
    if unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open, as was just seen. That nobody else in this process has it is
    // the protocol's promise (sd_listen_fds(3)), passed on by our caller.
    let socket = Socket::from(unsafe { OwnedFd::from_raw_fd(number) });
    let kind = socket.r#type()?;
    let address = socket.local_addr()?.as_socket();
    match (address, kind) {
        (Some(address), Type::DGRAM) => Ok(Inherited::Udp(address, socket)),
        (Some(address), Type::STREAM) => Ok(Inherited::Tcp(address, socket)),
        _ => Err(io::Error::other("it is neither of UDP nor of TCP")),
    }
}
