//! Panics on a packet's way: each drops one packet, which is kept until somebody asks for it.
//!
//! ```text
//! catch ─▶ the packet is answered ─▶ its reply
//!              │ panic: the hook notes what and where, without the usual trace
//!              ▼
//!          keep: packet, source, message; one line on standard error ─▶ take: Python logs it
//! ```
//!
//! Every panic is a bug of ours, but what one client can provoke must cost the others nothing:
//! what is kept is bounded, and what finds no room is only counted
//! ([`crate::tally::Counter::Panics`]).

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Mutex, Once, PoisonError};

/// How many packets wait for somebody who asks.
const KEPT: usize = 16;
/// The longest message, in characters.
const LONGEST: usize = 300;

/// A packet that made us panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// Its octets, as they came.
    pub packet: Box<[u8]>,
    /// Who sent it.
    pub source: IpAddr,
    /// What the panic said, and where.
    pub message: String,
}

/// Packets that made us panic and were not asked for yet; the first ones stay.
#[derive(Debug, Default)]
pub struct Panics(Mutex<Vec<Panic>>);

thread_local! {
    /// Whether this thread is answering a packet, so that a panic is caught and told by us.
    static ANSWERING: Cell<bool> = const { Cell::new(false) };
    static MESSAGE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Do what may panic; then the error is what the panic said, and where.
///
/// # Errors
/// The panic's message, on one line.
#[inline]
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    ANSWERING.set(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    ANSWERING.set(false);
    done.map_err(|_| MESSAGE.take())
}

/// Have panics of [`catch`] noted instead of printed; those elsewhere stay with the hook before.
/// Once is enough.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !ANSWERING.try_with(Cell::get).unwrap_or(false) {
                return before(panic);
            }
            let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
            let said = words(panic.payload());
            let line =
                said.chars().take(LONGEST).map(|one| if one.is_control() { ' ' } else { one });
            let _ =
                MESSAGE.try_with(|message| message.replace(line.chain(place.chars()).collect()));
        }));
    });
}

fn words(payload: &dyn Any) -> &str {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(words), _) => words,
        (None, Some(words)) => words,
        (None, None) => "a panic without words",
    }
}

impl Panics {
    /// Keep a packet, if there is room, and say so on standard error.
    #[cold]
    pub fn keep(&self, packet: &[u8], source: IpAddr, message: String) {
        let line = format!(
            "gslb: a packet from {source} made the answer plane panic and was dropped: {message}"
        );
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            return;
        }
        kept.push(Panic { packet: packet.into(), source, message });
        drop(kept);
        // Whoever reads standard error may be gone.
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    /// Take what was kept, the first one first.
    #[must_use]
    pub fn take(&self) -> Vec<Panic> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caught_panic_gives_its_words_and_its_place_on_one_line() {
        watch();
        let (number, list) = (7, [1, 2]);
        let told = catch(|| panic!("no {number}\nat all")).unwrap_err();
        assert!(told.starts_with("no 7 at all at src/panics.rs:"), "{told}");
        let told = catch(|| list[usize::try_from(number).unwrap()]).unwrap_err();
        assert!(told.starts_with("index out of bounds: the len is 2"), "{told}");
        let told = catch(|| std::panic::panic_any(9)).unwrap_err();
        assert!(told.starts_with("a panic without words at "), "{told}");
        assert_eq!(catch(|| 5), Ok(5));
    }

    #[test]
    fn the_first_ones_are_kept_until_they_are_taken() {
        let panics = Panics::default();
        for number in 0..100 {
            panics.keep(&[number], [192, 0, 2, number].into(), number.to_string());
        }
        let taken = panics.take();
        assert_eq!(taken.len(), KEPT);
        let first =
            Panic { packet: [0].into(), source: [192, 0, 2, 0].into(), message: "0".to_owned() };
        assert_eq!(taken[0], first);
        assert!(panics.take().is_empty());
        panics.keep(&[1], [192, 0, 2, 1].into(), String::new());
        assert_eq!(panics.take().len(), 1);
    }
}
