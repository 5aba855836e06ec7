//! The answer plane of gslb, an authoritative DNS server that steers traffic between datacenters.
//!
//! It knows names, records, client ranges, ladders and numbers. It knows nothing of probes, sites,
//! geography or SQL: that is decided in Python and handed over as documents and words.
//!
//! ```text
//! python ▸ server ▸ net ▸ engine ▸ trace | respond ▸ answer | chaos ▸ choose ▸ witness
//!                     ▸ snapshot ▸ ranges | limit | tally | panics ▸ wire ▸ asked ▸ name | random
//! ```
//!
//! [`atlas`] stands apart: it makes ranges of client networks out of geography databases.
//!
//! A module uses those to its right only. A packet's way: [`net`] reads it from a socket and loads
//! the world that stands; [`respond`] reads the query ([`wire::query`], [`wire::edns`]), finds the
//! name ([`asked`], [`snapshot::Zone::find`]), puts the answer together ([`answer`]), drawing
//! members by the ladder where the name is steered ([`choose`]), and writes the reply
//! ([`wire::reply`]).

#[cfg(test)]
extern crate self as gslb_plane; // the tests' worlds say it from outside too

pub mod answer;
pub mod asked;
pub mod atlas;
mod chaos;
pub mod choose;
pub mod engine;
pub mod limit;
pub mod name;
pub mod net;
pub mod panics;
#[cfg(feature = "python")]
mod python;
pub mod random;
pub mod ranges;
pub mod respond;
pub mod server;
pub mod snapshot;
pub mod tally;
pub mod trace;
#[cfg(test)]
mod unlocked;
pub mod wire;
pub mod witness;
