//! What was received and answered: counters that one thread writes and anybody reads.
//!
//! Each thread owns a [`Tally`]; no counter has two writers, so counting takes no lock and no
//! locked instruction. A reply is counted before it is sent: who has the answer can see it
//! counted. What sums to what:
//!
//! ```text
//! udp_received = udp_answered + udp_dropped + udp_handed_over
//! tcp_received = tcp_answered + tcp_dropped
//! udp_answered + tcp_answered = noerror + formerr + servfail + nxdomain + notimp + refused
//!                               + yxdomain + badvers + badcookie
//! udp_dropped + tcp_dropped = dropped_malformed + dropped_response + dropped_limited + panics
//! truncated, limited, edns, ecs, cookies and cookies_valid are parts of what was answered
//! udp_unsent is a part of udp_answered: the kernel would not send the reply
//! tcp_closed_* are parts of tcp_connections, closed by us; tcp_open are those that are open now
//! the types together are what was answered and had a question
//! the times are of one datagram in 64, see [`Tally::time`]
//! ```

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::wire::rtype;

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $counter:ident $name:literal,)+) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Counter { $($(#[doc = $doc])+ $counter,)+ }

        /// The names under which counters are read, in their order.
        pub const NAMES: &[&str] = &[$($name),+];
    };
}

counters! {
    /// Datagrams received.
    UdpReceived "udp_received",
    /// Datagrams answered.
    UdpAnswered "udp_answered",
    /// Datagrams met with silence.
    UdpDropped "udp_dropped",
    /// Replies that the kernel would not send.
    UdpUnsent "udp_unsent",
    /// Signed datagrams that went to Python.
    UdpHandedOver "udp_handed_over",
    /// TCP connections that went to Python, with a question for a transfer or a signed one.
    TcpHandedOver "tcp_handed_over",
    /// TCP connections accepted.
    TcpConnections "tcp_connections",
    /// TCP connections that are open; the only one that also falls.
    TcpOpen "tcp_open",
    /// TCP connections closed because nothing was asked on them for too long.
    TcpClosedIdle "tcp_closed_idle",
    /// TCP connections closed because a message, or the taking of replies, took too long.
    TcpClosedSlow "tcp_closed_slow",
    /// TCP connections closed as the idlest when there were too many.
    TcpClosedFull "tcp_closed_full",
    /// TCP connections closed as the idlest of a client network that had too many.
    TcpClosedNetwork "tcp_closed_network",
    /// Messages received over TCP.
    TcpReceived "tcp_received",
    /// Messages answered over TCP.
    TcpAnswered "tcp_answered",
    /// Messages over TCP met with silence.
    TcpDropped "tcp_dropped",
    /// Dropped: shorter than a header, longer than a query may be, not of IP, or with a bad header
    /// of the PROXY protocol.
    DroppedMalformed "dropped_malformed",
    /// Dropped: a response, which is never answered.
    DroppedResponse "dropped_response",
    /// Dropped: the client network had too many answers.
    DroppedLimited "dropped_limited",
    /// Dropped: packets that made the plane panic; each is a bug.
    Panics "panics",
    /// Replies NOERROR, referrals and NODATA among them.
    Noerror "noerror",
    /// Replies FORMERR.
    Formerr "formerr",
    /// Replies SERVFAIL.
    Servfail "servfail",
    /// Replies NXDOMAIN.
    Nxdomain "nxdomain",
    /// Replies NOTIMP.
    Notimp "notimp",
    /// Replies REFUSED.
    Refused "refused",
    /// Replies YXDOMAIN.
    Yxdomain "yxdomain",
    /// Replies BADVERS.
    Badvers "badvers",
    /// Replies BADCOOKIE.
    Badcookie "badcookie",
    /// Replies with TC.
    Truncated "truncated",
    /// Replies that were truncated because the client network had too many answers.
    Limited "limited",
    /// Answered queries with EDNS.
    Edns "edns",
    /// Answered queries with a client subnet that was believed.
    Ecs "ecs",
    /// Answered queries with a cookie.
    Cookies "cookies",
    /// Answered queries whose cookie was right.
    CookiesValid "cookies_valid",
}

/// Types that are counted by name, those most asked for first; all others are `other`.
const TYPES: &[u16] = &[
    rtype::A,
    rtype::AAAA,
    rtype::HTTPS,
    rtype::NS,
    rtype::CNAME,
    rtype::SOA,
    rtype::PTR,
    rtype::MX,
    rtype::TXT,
    rtype::SRV,
    rtype::NAPTR,
    rtype::DS,
    rtype::DNSKEY,
    rtype::TLSA,
    rtype::SVCB,
    rtype::IXFR,
    rtype::AXFR,
    rtype::ANY,
    rtype::CAA,
];

/// Times from 2^7 to 2^22 nanoseconds and above, a bucket for each power of two.
const BUCKETS: usize = 16;
const FIRST_BUCKET: u32 = 7;

/// Slots for what is counted by VIP and datacenter come in pages.
const PAGE: usize = 1024;
const PAGES: usize = 1024;

/// No slot.
pub const NO_SLOT: u32 = u32::MAX;

/// One thread's counters, alone in their cache lines.
#[derive(Debug)]
#[repr(align(128))]
pub struct Tally {
    counters: [AtomicU64; NAMES.len()],
    types: [AtomicU64; TYPES.len() + 1],
    times: [AtomicU64; BUCKETS],
    time_sum: AtomicU64,
    pages: Box<[OnceLock<Box<[AtomicU64; PAGE]>>]>,
}

fn zeros<const N: usize>() -> [AtomicU64; N] {
    std::array::from_fn(|_| AtomicU64::new(0))
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            counters: zeros(),
            types: zeros(),
            times: zeros(),
            time_sum: AtomicU64::new(0),
            pages: (0..PAGES).map(|_| OnceLock::new()).collect(),
        }
    }
}

/// Where answers to questions of a type are counted.
#[inline(never)]
fn place_of(asked: u16) -> usize {
    TYPES.iter().position(|&known| known == asked).unwrap_or(TYPES.len())
}

#[inline]
fn more(word: &AtomicU64, more: u64) {
    word.store(word.load(Ordering::Relaxed).wrapping_add(more), Ordering::Release);
}

impl Tally {
    /// Count one. Only the owner calls this, as all that follow.
    #[inline]
    pub fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Count several.
    #[inline]
    pub fn add(&self, counter: Counter, count: u64) {
        if let Some(word) = self.counters.get(counter as usize) {
            more(word, count);
        }
    }

    /// Take one away from what rises and falls. Only the owner calls this.
    pub fn discount(&self, counter: Counter) {
        self.add(counter, u64::MAX); // counters wrap
    }

    /// Count an answer to a question of a type.
    #[inline]
    pub fn count_type(&self, asked: u16) {
        // Most are the first.
        let place = if asked == rtype::A { 0 } else { place_of(asked) };
        if let Some(word) = self.types.get(place) {
            more(word, 1);
        }
    }

    /// Count an answer of a VIP from a datacenter, by the slot that [`Books::slot`] gave.
    #[inline]
    pub fn count_slot(&self, slot: u32) {
        let slot = slot as usize;
        if let Some(page) = self.pages.get(slot / PAGE).and_then(OnceLock::get) {
            if let Some(word) = page.get(slot % PAGE) {
                more(word, 1);
            }
        }
    }

    /// Note how long a packet took from its octets to its reply.
    #[inline]
    pub fn time(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        // A bucket holds what is at or below its power of two.
        let power = nanos.saturating_sub(1).checked_ilog2().map_or(0, |log| log + 1);
        let bucket = (power.saturating_sub(FIRST_BUCKET) as usize).min(BUCKETS - 1);
        if let Some(word) = self.times.get(bucket) {
            more(word, 1);
        }
        more(&self.time_sum, nanos);
    }

    /// Read one counter. Anybody calls this.
    #[must_use]
    pub fn read(&self, counter: Counter) -> u64 {
        self.counters.get(counter as usize).map_or(0, |word| word.load(Ordering::Acquire))
    }

    fn read_slot(&self, slot: u32) -> u64 {
        let page = self.pages.get(slot as usize / PAGE).and_then(OnceLock::get);
        let word = page.and_then(|page| page.get(slot as usize % PAGE));
        word.map_or(0, |word| word.load(Ordering::Acquire))
    }

    /// Make room for slots up to a number.
    fn open(&self, slots: usize) {
        for page in self.pages.iter().take(slots.div_ceil(PAGE)) {
            page.get_or_init(|| Box::new(zeros()));
        }
    }
}

/// How long packets took: counts at or below a power of two of nanoseconds, and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Upper bound in nanoseconds, and how many were at or below it but above the bound before;
    /// the last bound is that of all that took longer.
    pub buckets: Vec<(u64, u64)>,
    /// All together, in nanoseconds.
    pub sum: u64,
}

#[derive(Debug, Default)]
struct Pages {
    tallies: Vec<Arc<Tally>>,
    slots: HashMap<(Box<[u8]>, Box<str>), u32>,
}

impl Pages {
    /// Sum a slot over all threads.
    fn answered(&self, slot: u32) -> u64 {
        self.tallies.iter().map(|tally| tally.read_slot(slot)).sum()
    }
}

/// The tallies of all threads, and what their slots stand for; threads never need it to count.
#[derive(Debug, Default)]
pub struct Books(Mutex<Pages>);

impl Books {
    /// Make counters for one thread; they are summed for ever, also after its end.
    #[must_use]
    pub fn new_tally(&self) -> Arc<Tally> {
        let tally = Arc::<Tally>::default();
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tally.open(pages.slots.len());
        pages.tallies.push(Arc::clone(&tally));
        tally
    }

    /// Hold the lock of everything here.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> impl Drop {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The slot of a VIP (owner in wire form) and a datacenter; the same for as long as the
    /// process lives. [`NO_SLOT`] when there are more than a million.
    pub(crate) fn slot(&self, vip: &[u8], datacenter: &str) -> u32 {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (Box::from(vip), Box::from(datacenter));
        if let Some(&slot) = pages.slots.get(&key) {
            return slot;
        }
        let slot = pages.slots.len();
        if slot >= PAGE * PAGES {
            return NO_SLOT;
        }
        let number = u32::try_from(slot).unwrap_or(NO_SLOT);
        pages.slots.insert(key, number);
        for tally in &pages.tallies {
            tally.open(slot + 1);
        }
        number
    }

    /// Sum the counters of all threads, by name.
    #[must_use]
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        NAMES.iter().copied().zip(self.sums(NAMES.len(), |tally| &tally.counters)).collect()
    }

    /// Sum what was answered by type, mnemonics in lower case; the last is `other`.
    #[must_use]
    pub fn types(&self) -> Vec<(String, u64)> {
        let names = TYPES.iter().map(|&asked| rtype::to_text(asked).to_ascii_lowercase());
        let sums = self.sums(TYPES.len() + 1, |tally| &tally.types);
        names.chain(["other".to_owned()]).zip(sums).collect()
    }

    /// Sum the times.
    #[must_use]
    pub fn times(&self) -> Times {
        let counts = self.sums(BUCKETS, |tally| &tally.times);
        let bounds = (FIRST_BUCKET..).map(|power| 1 << power);
        let sum = self.sums(1, |tally| std::slice::from_ref(&tally.time_sum));
        Times { buckets: bounds.zip(counts).collect(), sum: sum.first().copied().unwrap_or(0) }
    }

    /// What each VIP answered from each datacenter: owner in wire form, datacenter, count. The
    /// empty datacenter is the fallback.
    #[must_use]
    pub fn answers(&self) -> Vec<(Box<[u8]>, Box<str>, u64)> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |((vip, datacenter), &slot): (&(Box<[u8]>, Box<str>), &u32)| {
            (vip.clone(), datacenter.clone(), pages.answered(slot))
        };
        pages.slots.iter().map(told).collect()
    }

    /// What each datacenter answered, over all VIPs; the empty one is the fallback.
    #[must_use]
    pub fn datacenter_answers(&self) -> Vec<(Box<str>, u64)> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sums = HashMap::<&str, u64>::new();
        for ((_, datacenter), &slot) in &pages.slots {
            *sums.entry(datacenter).or_default() += pages.answered(slot);
        }
        sums.into_iter().map(|(datacenter, sum)| (datacenter.into(), sum)).collect()
    }

    /// What these VIPs (owners in wire form) answered from these datacenters, in their order.
    #[must_use]
    pub fn pool_answers(&self, pools: &[(Box<[u8]>, Box<str>)]) -> Vec<u64> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = |pool| pages.slots.get(pool).map_or(0, |&slot| pages.answered(slot));
        pools.iter().map(sum).collect()
    }

    fn sums(&self, count: usize, of: impl Fn(&Tally) -> &[AtomicU64]) -> Vec<u64> {
        let mut sums = vec![0u64; count];
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for tally in &pages.tallies {
            for (sum, word) in sums.iter_mut().zip(of(tally)) {
                *sum = sum.wrapping_add(word.load(Ordering::Acquire));
            }
        }
        sums
    }
}
