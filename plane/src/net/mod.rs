//! Sockets: where packets come from and replies go to. Nothing is decided here.

mod batch;
mod connection;
mod crowd;
mod frames;
pub mod handover;
pub mod inherited;
pub mod tcp;
pub mod udp;

/// Whether a listening address stands for all of the machine's: then replies must say which.
fn is_wildcard(address: &std::net::SocketAddr) -> bool {
    address.ip().is_unspecified()
}
