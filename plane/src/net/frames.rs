//! Messages in a stream: two octets of length before each (RFC 1035 section 4.2.2).

use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::Arc;

use super::handover::is_for_python;
use crate::engine::{Engine, now};
use crate::panics::catch;
use crate::random::Rng;
use crate::respond::{Packet, Thread, Transport, respond};
use crate::snapshot::Tcp;
use crate::tally::{Counter, Tally};
use crate::wire::HEADER;
use crate::wire::proxy::{self, Header};
use crate::witness::{Silent, Witness};

/// How much is read at once.
const CHUNK: usize = 16 << 10;
/// How much room a connection keeps while it rests.
pub(super) const KEPT: usize = 4 << 10;

/// What was read and is not answered yet.
#[derive(Default)]
pub(super) struct Input {
    octets: Vec<u8>,
    /// How many of them are answered.
    done: usize,
}

impl Input {
    /// Take in what there is, at most a chunk; 0 at the end of the stream.
    pub(super) fn read_from(
        &mut self,
        stream: &mut impl Read,
        chunk: &mut [u8],
    ) -> io::Result<usize> {
        self.octets.drain(..self.done);
        self.done = 0;
        if self.octets.is_empty() && self.octets.capacity() > KEPT {
            self.octets = Vec::new();
        }
        let read = stream.read(chunk)?;
        self.octets.extend_from_slice(chunk.get(..read).unwrap_or_default());
        Ok(read)
    }

    /// Everything that is not answered.
    pub(super) fn rest(&self) -> &[u8] {
        self.octets.get(self.done..).unwrap_or_default()
    }

    /// The next whole message.
    fn message(&self) -> Option<&[u8]> {
        let (&[high, low], rest) = self.rest().split_first_chunk()?;
        rest.get(..usize::from(u16::from_be_bytes([high, low])))
    }

    /// Whether the next whole message is one that Python answers.
    pub(super) fn is_for_python(&self) -> bool {
        self.message().is_some_and(is_for_python)
    }

    /// Everything that is not answered.
    pub(super) fn into_rest(mut self) -> Vec<u8> {
        self.octets.split_off(self.done)
    }
}

/// Who is at the other end, and for whom it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    /// The address that asks: the peer's, or the one that it told.
    pub(super) source: IpAddr,
    /// The peer's address, if it is a front end that told another.
    pub(super) front_end: Option<IpAddr>,
}

impl Peer {
    pub(super) fn new(source: IpAddr) -> Self {
        Self { source: source.to_canonical(), front_end: None }
    }
}

/// What a connection begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greeting {
    /// It is not known yet.
    Partial,
    /// With a message, or with a header that was taken off.
    Over,
    /// With a header that is malformed, or that this peer may not send.
    Wrong,
}

/// Answers messages of all connections of a thread.
pub(super) struct Answerer<'e> {
    engine: &'e Engine,
    tally: Arc<Tally>,
    thread: Thread,
    out: Vec<u8>,
    /// Room to read into, for whichever connection has its turn.
    pub(super) chunk: Vec<u8>,
}

impl<'e> Answerer<'e> {
    pub(super) fn new(engine: &'e Engine) -> Self {
        Self {
            engine,
            tally: engine.books.new_tally(),
            thread: Thread::new(Rng::from_system()),
            out: vec![0; usize::from(u16::MAX)],
            chunk: vec![0; CHUNK],
        }
    }

    /// Begin anew with a generator of draws.
    #[cfg(feature = "fuzzing")]
    pub(super) fn reseed(&mut self, seed: u64) {
        self.thread = Thread::new(Rng::new(seed));
    }

    /// The limits that hold now.
    pub(super) fn limits(&self) -> Tcp {
        self.engine.publisher.world().policy.tcp.clone()
    }

    /// Whether a peer is a front end that may say for whom it asks.
    pub(super) fn trusts(&self, peer: IpAddr) -> bool {
        self.engine.publisher.world().policy.proxy_from.contain(peer)
    }

    /// Whether transfers are handed over at all.
    pub(super) fn transfers(&self) -> bool {
        self.engine.publisher.world().policy.transfers
    }

    /// Whether the next whole message is one that is handed over.
    pub(super) fn hands_over(&self, input: &Input) -> bool {
        self.transfers() && input.is_for_python()
    }

    /// Count a connection that has come.
    pub(super) fn count_opened(&self) {
        self.tally.count(Counter::TcpConnections);
        self.tally.count(Counter::TcpOpen);
    }

    /// Count a connection that has gone; `cause` if it was we who ended it.
    pub(super) fn count_closed(&self, cause: Option<Counter>) {
        self.tally.discount(Counter::TcpOpen);
        if let Some(cause) = cause {
            self.tally.count(cause);
        }
    }

    /// Read what a connection begins with: a front end may say for whom it asks.
    pub(super) fn greet(&self, input: &mut Input, peer: &mut Peer) -> Greeting {
        match proxy::read(input.rest()) {
            Header::Absent => Greeting::Over,
            Header::Partial => Greeting::Partial,
            Header::Whole { length, client } if self.trusts(peer.source) => {
                input.done += length;
                if let Some(client) = client {
                    *peer = Peer { source: client, front_end: Some(peer.source) };
                }
                Greeting::Over
            }
            Header::Whole { .. } | Header::Malformed => {
                self.tally.count(Counter::TcpReceived);
                self.tally.count(Counter::TcpDropped);
                self.tally.count(Counter::DroppedMalformed);
                Greeting::Wrong
            }
        }
    }

    /// Answer whole messages into `output` until it has more than `enough` octets, or, where
    /// transfers are handed over, until one is Python's. Gives how many messages there were, and
    /// whether the peer may send more.
    pub(super) fn answer(
        &mut self,
        input: &mut Input,
        peer: &Peer,
        output: &mut Vec<u8>,
        enough: usize,
        handed_over: bool,
    ) -> (usize, bool) {
        self.answer_watched(input, peer, output, (enough, handed_over), &mut Silent)
    }

    /// Do as [`Self::answer`] does, while a witness looks on.
    fn answer_watched<W: Witness>(
        &mut self,
        input: &mut Input,
        peer: &Peer,
        output: &mut Vec<u8>,
        (enough, handed_over): (usize, bool),
        witness: &mut W,
    ) -> (usize, bool) {
        let world = self.engine.publisher.world();
        let now = now();
        let Peer { source, front_end } = *peer;
        let mut count = 0;
        while output.len() <= enough {
            let Some(octets) = input.message() else { break };
            if handed_over && world.policy.transfers && is_for_python(octets) {
                break;
            }
            self.tally.count(Counter::TcpReceived);
            count += 1;
            let packet = Packet { octets, source, front_end, transport: Transport::Tcp, now };
            let (thread, tally, out) = (&mut self.thread, &*self.tally, &mut self.out);
            let answered = catch(|| respond(&world, &packet, thread, tally, witness, out));
            let panicked = answered.is_err();
            let length = answered.unwrap_or_else(|message| {
                self.tally.count(Counter::Panics);
                self.engine.panics.keep(octets, front_end.unwrap_or(source), message);
                None
            });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::witness::Client;

    /// Panics when it is told of the root.
    struct Bomb;

    impl Witness for Bomb {
        const RECORDS: bool = false;

        fn asked(&mut self, name: &[u8], _: u16, _: &Client) {
            assert!(name != [0], "it went off");
        }
    }

    #[test]
    fn a_panic_ends_its_connection_and_keeps_the_message() {
        let engine = Engine::default();
        let mut answerer = Answerer::new(&engine);
        let question = |name: &[u8]| {
            let message = [&[0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], name, &[0, 1, 0, 1]].concat();
            let length = u16::try_from(message.len()).unwrap();
            [&length.to_be_bytes(), &message[..]].concat()
        };
        let (good, bad) = (question(b"\x01a\0"), question(b"\0"));
        let stream = [&good[..], &bad, &good].concat();
        let (mut input, mut output, mut chunk) = (Input::default(), Vec::new(), [0; 512]);
        input.read_from(&mut &stream[..], &mut chunk).unwrap();
        let peer = Peer::new([192, 0, 2, 1].into());
        let enough = (usize::MAX, false);
        let done = answerer.answer_watched(&mut input, &peer, &mut output, enough, &mut Bomb);
        assert_eq!(done, (2, false), "the third message is not answered");
        assert!(input.rest().is_empty());
        assert_eq!(output.len(), good.len(), "the first is answered, SERVFAIL");
        let kept = engine.panics.take();
        assert_eq!((kept.len(), &*kept[0].packet), (1, &bad[2..]));
        assert_eq!(kept[0].source, peer.source);
        assert!(kept[0].message.starts_with("it went off at src/net/frames.rs:"));
        let counters = engine.books.counters();
        for counted in [("panics", 1), ("tcp_received", 2), ("tcp_answered", 1), ("tcp_dropped", 1)]
        {
            assert!(counters.contains(&counted), "{counted:?}");
        }
    }
}
