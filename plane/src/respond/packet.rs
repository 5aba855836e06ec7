//! A packet as it came: by what, from whom, and for whom its front end says it asks.

use std::net::IpAddr;

use crate::snapshot::Policy;
use crate::wire::PLAIN_PAYLOAD;
use crate::wire::edns::Edns;
use crate::wire::proxy;

/// What a packet came by: how long its reply may be, and who can read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// As long as the client's EDNS says, at most [`Policy::payload`]; else [`PLAIN_PAYLOAD`].
    Udp,
    /// As long as a message over TCP can be.
    Tcp,
    /// As TCP, and encrypted: padding hides lengths (RFC 7830).
    Encrypted,
}

impl Transport {
    #[inline]
    pub(super) fn limit(self, policy: &Policy, edns: Option<&Edns>) -> usize {
        usize::from(match (self, edns) {
            (Self::Tcp | Self::Encrypted, _) => u16::MAX,
            (Self::Udp, None) => PLAIN_PAYLOAD,
            (Self::Udp, Some(edns)) => edns.payload.clamp(PLAIN_PAYLOAD, policy.payload),
        })
    }
}

/// A packet and where it came from.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'p> {
    /// Its octets.
    pub octets: &'p [u8],
    /// The address that asks: the sender's, or the one that a front end told.
    pub source: IpAddr,
    /// The front end that told it (PROXY protocol).
    pub front_end: Option<IpAddr>,
    /// What it came by.
    pub transport: Transport,
    /// The time, in seconds since 1970.
    pub now: u32,
}

impl<'p> Packet<'p> {
    /// Take a packet as it came, alone, from a sender: a front end that the policy trusts may say
    /// for whom it asks. `None` if what it says is malformed, so that the packet must be dropped.
    #[must_use]
    #[inline]
    pub fn received(
        policy: &Policy,
        octets: &'p [u8],
        sender: IpAddr,
        transport: Transport,
        now: u32,
    ) -> Option<Self> {
        let mut packet = Self { octets, source: sender, front_end: None, transport, now };
        if policy.proxy_from.contain(sender) {
            packet.take_off_header()?;
        }
        Some(packet)
    }

    #[cold]
    fn take_off_header(&mut self) -> Option<()> {
        let (octets, client) = proxy::datagram(self.octets)?;
        self.octets = octets;
        if let Some(client) = client {
            self.front_end = Some(self.source.to_canonical());
            self.source = client;
        }
        Some(())
    }
}
