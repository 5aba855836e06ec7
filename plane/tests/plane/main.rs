//! The plane asked without a socket, by subject; `server` alone opens some.
//!
//! | file | subject |
//! |---|---|
//! | `additional` | the additional section, and answers counted by datacenter |
//! | `asked` | names that a thread remembers |
//! | `dname` | DNAME |
//! | `documents` | what is refused as a document, and that nothing makes the decoder panic |
//! | `edns` | EDNS, client subnet, truncation |
//! | `headers` | header bits, what is no question, random packets |
//! | `ladder` | tiers, draws, sticky draws, fallbacks, TTL caps |
//! | `panics` | a panic costs one packet, which is kept |
//! | `policy` | what a policy changes: ECS, cookies, NSID, CHAOS, limits, extended errors |
//! | `publish` | swapping worlds, words, maps |
//! | `records` | static records, aliases, wildcards, delegations, denials |
//! | `server` | UDP and TCP sockets, counters, stop |
//! | `services` | where hints stand in a VIP's service records, and what is refused |
//! | `shed` | pools that shed clients, VIPs as the fallback of others, hundreds of pools |
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its name is its sentence"
)]

mod additional;
mod asked;
mod dname;
mod documents;
mod edns;
mod headers;
mod ladder;
mod panics;
mod policy;
mod publish;
mod records;
mod server;
mod services;
mod shed;
mod world;
