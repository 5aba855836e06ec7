//! Geography databases to ranges of client networks, off the packet path.
//!
//! ```text
//! a MaxMind DB file ▸ Database ▸ columns: what each place has, for whoever classifies places
//!                              ▸ Overlay: networks cut where any layer's id changes ▸ ranges of classes
//! ```
//!
//! A *place* is a distinct data record of a database; place 0 is that of addresses that it does not
//! know. What places mean is decided in Python: here they have numbers, and are given ids.
//! IPv4 is told apart in 32 bits, IPv6 in its upper 64, as in [`crate::ranges`].

mod columns;
mod database;
mod overlay;
mod tree;

pub use columns::{Column, Kind, Wanted};
pub use database::Database;
pub use overlay::{Cuts, Layer, Overlay};
pub use tree::IN_IPV4;

/// The most layers that an overlay has.
pub const MOST_LAYERS: usize = 8;
