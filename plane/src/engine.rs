//! The engine: the published world, the function that answers from it, and everybody's counters.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::panics::{self, Panics};
use crate::random::Rng;
use crate::respond::{Packet, Thread, Transport, respond};
use crate::snapshot::Publisher;
use crate::tally::{Books, Tally};
use crate::trace::Trace;
use crate::witness::{Silent, Witness};

/// Shared by the publisher and by all threads that answer.
pub struct Engine {
    /// What is answered from.
    pub publisher: Publisher,
    /// What was answered.
    pub books: Arc<Books>,
    /// What made us panic.
    pub panics: Panics,
}

impl Default for Engine {
    fn default() -> Self {
        panics::watch();
        let books = Arc::<Books>::default();
        let publisher = Publisher::new(Arc::clone(&books));
        Self { publisher, books, panics: Panics::default() }
    }
}

impl Engine {
    /// Answer one packet without a socket; it is not counted. `seed` fixes the draws.
    #[must_use]
    pub fn respond(
        &self,
        packet: &[u8],
        source: IpAddr,
        transport: Transport,
        seed: Option<u64>,
    ) -> Option<Vec<u8>> {
        self.ask(packet, source, transport, seed, &mut Silent)
    }

    /// Answer one packet as [`Self::respond`] does, and give what the witness wrote down.
    #[must_use]
    pub fn explain(
        &self,
        packet: &[u8],
        source: IpAddr,
        transport: Transport,
        seed: Option<u64>,
    ) -> Trace {
        let mut trace = Trace::new();
        self.ask(packet, source, transport, seed, &mut trace);
        trace
    }

    fn ask<W: Witness>(
        &self,
        octets: &[u8],
        source: IpAddr,
        transport: Transport,
        seed: Option<u64>,
        witness: &mut W,
    ) -> Option<Vec<u8>> {
        let mut thread = Thread::new(seed.map_or_else(Rng::from_system, Rng::new));
        let mut out = vec![0; usize::from(u16::MAX)];
        let world = self.publisher.world();
        let packet = Packet::received(&world.policy, octets, source, transport, now())?;
        let length = respond(&world, &packet, &mut thread, &Tally::default(), witness, &mut out)?;
        out.truncate(length);
        Some(out)
    }
}

/// The time in seconds since 1970, as [`Packet::now`] wants it; it lasts until 2106.
#[must_use]
pub fn now() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}
