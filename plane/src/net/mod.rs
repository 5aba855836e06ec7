//! Sockets: where packets come from and replies go to. Nothing is decided here.

mod batch;
mod frames;
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
        let (mut input, mut output, mut sent) = (frames::Input::default(), Vec::new(), Vec::new());
        for mut piece in pieces.iter().copied() {
            while input.read_from(&mut piece).is_ok_and(|read| read > 0) {
                loop {
                    let (messages, more) = self.0.answer(&mut input, peer, &mut output, enough);
                    sent.append(&mut output);
                    if !more {
                        return (sent, false);
                    }
                    if messages == 0 {
                        break;
                    }
                }
            }
        }
        (sent, true)
    }
}
