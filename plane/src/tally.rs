//! What was received and answered: counters that one thread writes and anybody reads.
//!
//! Each thread owns a [`Tally`]; no counter has two writers, so counting takes no lock and no
//! locked instruction. A reply is counted before it is sent: who has the answer can see it
//! counted. What sums to what:
//!
//! ```text
//! udp_received = udp_answered + udp_dropped
//! tcp_received = tcp_answered + tcp_dropped
//! udp_answered + tcp_answered = noerror + formerr + servfail + nxdomain + notimp + refused + badvers
//! truncated, edns and ecs are parts of udp_answered + tcp_answered
//! panics is a part of udp_dropped + tcp_dropped
//! udp_unsent is a part of udp_answered: the kernel would not send the reply
//! tcp_closed_* are parts of tcp_connections, closed by us; tcp_open are those that are open now
//! ```

use std::sync::atomic::{AtomicU64, Ordering};

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
    /// Datagrams met with silence: replies, fragments of headers, too long ones, panics.
    UdpDropped "udp_dropped",
    /// Replies that the kernel would not send.
    UdpUnsent "udp_unsent",
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
    /// Replies BADVERS.
    Badvers "badvers",
    /// Replies with TC.
    Truncated "truncated",
    /// Answered queries with EDNS.
    Edns "edns",
    /// Answered queries with a client subnet.
    Ecs "ecs",
    /// Packets that made the plane panic; each is a bug.
    Panics "panics",
}

/// One thread's counters, alone in their cache lines.
#[derive(Debug)]
#[repr(align(128))]
pub struct Tally([AtomicU64; NAMES.len()]);

impl Default for Tally {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Tally {
    /// Count one. Only the owner calls this.
    #[inline]
    pub fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Count several. Only the owner calls this.
    #[inline]
    pub fn add(&self, counter: Counter, more: u64) {
        if let Some(word) = self.0.get(counter as usize) {
            word.store(word.load(Ordering::Relaxed).wrapping_add(more), Ordering::Release);
        }
    }

    /// Take one away from what rises and falls. Only the owner calls this.
    pub fn discount(&self, counter: Counter) {
        self.add(counter, u64::MAX); // counters wrap
    }

    /// Read one counter.
    #[must_use]
    pub fn read(&self, counter: Counter) -> u64 {
        self.0.get(counter as usize).map_or(0, |word| word.load(Ordering::Acquire))
    }

    /// Add these counts to sums, in the order of [`NAMES`].
    pub fn add_to(&self, sums: &mut [u64]) {
        for (sum, word) in sums.iter_mut().zip(&self.0) {
            *sum = sum.wrapping_add(word.load(Ordering::Acquire));
        }
    }
}
