//! Fuzz targets for the answer plane: each is a function of octets that panics if something is
//! wrong. libFuzzer feeds them (`make fuzz`); `tests/corpus.rs` replays what it has found.
//!
//! | module | what it feeds | what must hold |
//! |---|---|---|
//! | [`respond`] | a packet, by every transport and policy | [`check`] |
//! | [`options`] | a valid query with any EDNS options | [`check`], and what the options promise |
//! | [`documents`] | a zone, a map or a policy, raw or built | refused or served, and then [`check`] |
//! | [`frames`] | a TCP stream in any pieces | the pieces do not matter; each message its reply |
//!
//! [`check`] has every reply read by [`strict`], a reader that shares no code with the plane, and
//! under libFuzzer also by the crate `domain`.

pub mod check;
pub mod choose;
pub mod documents;
#[path = "../../tests/plane/everything.rs"]
#[expect(dead_code, reason = "the plane's tests use more of it")]
mod everything;
pub mod frames;
pub mod options;
pub mod respond;
pub mod seeds;
pub mod strict;
#[path = "../../tests/plane/world.rs"]
#[expect(dead_code, reason = "the plane's tests use more of it")]
mod world;
