//! Sockets: where packets come from and replies go to. Nothing is decided here.

mod batch;
mod frames;
pub mod tcp;
pub mod udp;

/// The bits on which packets and their destinations differ between listening addresses.
fn is_wildcard(address: &std::net::SocketAddr) -> bool {
    address.ip().is_unspecified()
}
