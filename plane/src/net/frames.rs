//! Messages in a stream: two octets of length before each (RFC 1035 section 4.2.2).

use std::io::{self, Read};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::engine::{Engine, now};
use crate::random::Rng;
use crate::respond::{Packet, Thread, Transport, respond};
use crate::tally::{Counter, Tally};
use crate::wire::HEADER;
use crate::witness::Silent;

const CHUNK: usize = 16 << 10;

/// What was read and is not answered yet.
#[derive(Default)]
pub(super) struct Input {
    octets: Vec<u8>,
    /// How many of them are answered.
    done: usize,
}

impl Input {
    /// Read what there is, at most a chunk; 0 at the end of the stream.
    pub(super) fn read_from(&mut self, stream: &mut impl Read) -> io::Result<usize> {
        self.octets.drain(..self.done);
        self.done = 0;
        let start = self.octets.len();
        self.octets.resize(start + CHUNK, 0);
        let read = stream.read(self.octets.get_mut(start..).unwrap_or_default());
        self.octets.truncate(start + *read.as_ref().unwrap_or(&0));
        read
    }

    /// The next whole message.
    fn message(&self) -> Option<&[u8]> {
        let (&[high, low], rest) = self.octets.get(self.done..)?.split_first_chunk()?;
        rest.get(..usize::from(u16::from_be_bytes([high, low])))
    }
}

/// Answers messages of all connections of a thread.
pub(super) struct Answerer<'e> {
    engine: &'e Engine,
    tally: Arc<Tally>,
    thread: Thread,
    out: Vec<u8>,
}

impl<'e> Answerer<'e> {
    pub(super) fn new(engine: &'e Engine) -> Self {
        Self {
            engine,
            tally: engine.books.new_tally(),
            thread: Thread::new(Rng::from_system()),
            out: vec![0; usize::from(u16::MAX)],
        }
    }

    /// Begin anew with a generator of draws.
    #[cfg(feature = "fuzzing")]
    pub(super) fn reseed(&mut self, seed: u64) {
        self.thread = Thread::new(Rng::new(seed));
    }

    pub(super) fn count_connection(&self) {
        self.tally.count(Counter::TcpConnections);
    }

    /// Answer whole messages into `output` until it has more than `enough` octets. Gives how many
    /// messages there were, and whether the peer may send more.
    pub(super) fn answer(
        &mut self,
        input: &mut Input,
        peer: IpAddr,
        output: &mut Vec<u8>,
        enough: usize,
    ) -> (usize, bool) {
        let world = self.engine.publisher.world();
        let now = now();
        let mut count = 0;
        while output.len() <= enough {
            let Some(octets) = input.message() else { break };
            self.tally.count(Counter::TcpReceived);
            count += 1;
            let packet = Packet { octets, source: peer, transport: Transport::Tcp, now };
            let (thread, tally, out) = (&mut self.thread, &*self.tally, &mut self.out);
            let length = catch_unwind(AssertUnwindSafe(|| {
                respond(&world, &packet, thread, tally, &mut Silent, out)
            }));
            let (panicked, length) = (length.is_err(), length.unwrap_or(None));
            if panicked {
                self.tally.count(Counter::Panics);
            }
            let reply = length.and_then(|length| self.out.get(..length));
            match reply.and_then(|reply| Some((u16::try_from(reply.len()).ok()?, reply))) {
                Some((length, reply)) => {
                    self.tally.count(Counter::TcpAnswered);
                    output.extend_from_slice(&length.to_be_bytes());
                    output.extend_from_slice(reply);
                }
                None => self.tally.count(Counter::TcpDropped),
            }
            let ends = panicked || octets.len() < HEADER;
            input.done += 2 + octets.len();
            if ends {
                *input = Input::default();
                return (count, false);
            }
        }
        (count, true)
    }
}
