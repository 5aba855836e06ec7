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

/// Answers TCP streams that come in pieces, without a socket.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub struct Streams<'e>(frames::Answerer<'e>);

#[cfg(feature = "fuzzing")]
impl<'e> Streams<'e> {
    /// Answer from an engine.
    #[must_use]
    pub fn new(engine: &'e crate::engine::Engine) -> Self {
        Self(frames::Answerer::new(engine))
    }

    /// Answer one stream; give what is sent, and whether more would be read. `seed` fixes the
    /// draws. The peer takes what it is sent whenever that is more than `enough` octets.
    #[must_use]
    pub fn answer(
        &mut self,
        peer: std::net::IpAddr,
        seed: u64,
        enough: usize,
        pieces: &[&[u8]],
    ) -> (Vec<u8>, bool) {
        self.0.reseed(seed);
        let mut chunk = std::mem::take(&mut self.0.chunk);
        let answered = self.stream(frames::Peer::new(peer), enough, pieces, &mut chunk);
        self.0.chunk = chunk;
        answered
    }

    fn stream(
        &mut self,
        mut peer: frames::Peer,
        enough: usize,
        pieces: &[&[u8]],
        chunk: &mut [u8],
    ) -> (Vec<u8>, bool) {
        use frames::Greeting::{Over, Partial, Wrong};
        let (mut input, mut output, mut sent) = (frames::Input::default(), Vec::new(), Vec::new());
        let mut greeting = Partial;
        for mut piece in pieces.iter().copied() {
            while input.read_from(&mut piece, chunk).is_ok_and(|read| read > 0) {
                if greeting == Partial {
                    greeting = self.0.greet(&mut input, &mut peer);
                }
                match greeting {
                    Partial => continue,
                    Over => {}
                    Wrong => return (sent, false),
                }
                loop {
                    let done = self.0.answer(&mut input, &peer, &mut output, enough, false);
                    sent.append(&mut output);
                    match done {
                        (_, false) => return (sent, false),
                        (0, true) => break,
                        _ => {}
                    }
                }
            }
        }
        (sent, true)
    }
}
