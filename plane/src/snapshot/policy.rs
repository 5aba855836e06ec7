//! How this node speaks, whatever it serves: sizes, options, limits, and whom it trusts.
//!
//! Read from one document (`gslb/snapshot.py`, `Policy`) and held by the world, so that a packet
//! finds it behind the same pointer. Without a document the [`Default`] here holds.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_bytes::Bytes;

use super::document;
use super::fault::Fault;
use crate::limit::{Limiter, Prefixes};
use crate::wire::cookie::SECRET;
use crate::wire::{MOST_UDP, PLAIN_PAYLOAD, UDP_PAYLOAD};

/// How a node speaks.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The longest answer over UDP, in octets.
    pub payload: u16,
    /// Whose client subnets are believed.
    pub ecs_from: Networks,
    /// Which front ends may say for whom they ask (PROXY protocol).
    pub proxy_from: Networks,
    /// What NSID says (RFC 5001); empty if nothing.
    pub nsid: Box<[u8]>,
    /// What `version.bind` says; empty if nothing.
    pub version: Box<str>,
    /// What `id.server` and `hostname.bind` say; empty if nothing.
    pub identity: Box<str>,
    /// DNS cookies (RFC 7873).
    pub cookies: Cookies,
    /// Response rate limiting: by what rule.
    pub rate: Rate,
    /// Response rate limiting: what was counted. It stays when a policy changes.
    pub limiter: Arc<Limiter>,
    /// Limits of TCP.
    pub tcp: Tcp,
    /// Whether answers are of a state that could not be renewed (RFC 8914 code 3).
    pub stale: bool,
    /// Whether questions for zone transfers are handed over to Python.
    pub transfers: bool,
    /// Whether TXT questions for `_explain` below a VIP are answered.
    pub explain_txt: bool,
}

/// DNS cookies.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    /// The first signs, all are believed; none if there are no cookies.
    pub secrets: Box<[[u8; SECRET]]>,
    /// Whether a client that knows cookies must show a right one before it is answered over UDP.
    pub required: bool,
}

/// Response rate limiting: how many answers of one kind a client network may have.
#[derive(Clone, Debug)]
pub struct Rate {
    /// Answers a second; 0 if there is no limit.
    pub limit: u32,
    /// Every how many-th limited answer is sent truncated, the others not at all; 0: none.
    pub slip: u32,
    /// What a client network is.
    pub prefixes: Prefixes,
    /// Who is never limited.
    pub exempt: Networks,
}

/// Limits of TCP (RFC 7766 section 6.2, RFC 9210 section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// Connections of all clients.
    pub connections: u32,
    /// Connections of one client network.
    pub per_network: u32,
    /// What a client network is.
    pub prefixes: Prefixes,
    /// How long a connection may be without a whole message, or leave replies untaken.
    pub idle: Duration,
    /// How long a message may take from its first octet to its last.
    pub message: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            payload: UDP_PAYLOAD,
            ecs_from: Networks::all(),
            proxy_from: Networks::default(),
            nsid: Box::default(),
            version: Box::default(),
            identity: Box::default(),
            cookies: Cookies::default(),
            rate: Rate {
                limit: 0,
                slip: 1,
                prefixes: Prefixes { ipv4: 24, ipv6: 56 },
                exempt: Networks::default(),
            },
            limiter: Arc::new(Limiter::new(0)),
            tcp: Tcp {
                connections: 1000,
                per_network: 200,
                prefixes: Prefixes { ipv4: 24, ipv6: 56 },
                idle: Duration::from_secs(10),
                message: Duration::from_secs(5),
            },
            stale: false,
            transfers: false,
            explain_txt: false,
        }
    }
}

/// A set of networks; empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    /// First and last address of each, IPv4 as IPv4-mapped IPv6.
    spans: Box<[(u128, u128)]>,
    /// What of them is IPv4, again: most packets are.
    ipv4: Box<[(u32, u32)]>,
    all: bool,
}

impl Networks {
    /// Every address.
    #[must_use]
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Whether an address is in one of them.
    #[must_use]
    #[inline]
    pub fn contain(&self, address: IpAddr) -> bool {
        self.all
            || match address {
                IpAddr::V4(v4) => {
                    let address = v4.to_bits();
                    self.ipv4.iter().any(|&(first, last)| first <= address && address <= last)
                }
                IpAddr::V6(v6) => !self.spans.is_empty() && self.search(v6.to_bits()),
            }
    }

    fn search(&self, address: u128) -> bool {
        self.spans.iter().any(|&(first, last)| (first..=last).contains(&address))
    }

    fn read(networks: &[Network<'_>]) -> Result<Self, Fault> {
        let mut spans = Vec::with_capacity(networks.len());
        let (mut ipv4, mut ipv6) = (false, false);
        for Network { address, prefix } in networks {
            let fault = || Fault::new("has a network that is neither IPv4 nor IPv6");
            let (address, fixed) = if let Ok(v4) = <[u8; 4]>::try_from(&***address) {
                (IpAddr::from(v4), 96 + u32::from(*prefix))
            } else {
                let v6 = <[u8; 16]>::try_from(&***address).map_err(|_| fault())?;
                (IpAddr::from(v6), u32::from(*prefix))
            };
            if fixed > 128 {
                return Err(Fault::new(format!("has a network with a prefix length of {prefix}")));
            }
            ipv4 |= fixed == 96 && address.is_ipv4();
            ipv6 |= fixed == 0;
            let rest = u128::MAX.checked_shr(fixed).unwrap_or(0);
            let first = mapped(address) & !rest;
            spans.push((first, first | rest));
        }
        let ipv4s = spans.iter().filter_map(|&(first, last)| {
            let (from, to) = (first.max(MAPPED), last.min(MAPPED | u128::from(u32::MAX)));
            // What is left below the prefix of mapped addresses is the IPv4 address.
            let low = |address: u128| u32::try_from(address & u128::from(u32::MAX)).ok();
            (from <= to).then_some((low(from)?, low(to)?))
        });
        Ok(Self { ipv4: ipv4s.collect(), spans: spans.into(), all: ipv4 && ipv6 })
    }
}

/// The first IPv4-mapped address (RFC 4291 section 2.5.5.2).
const MAPPED: u128 = 0xffff_0000_0000;

fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is a setting that is on or off")]
#[derive(Debug, Deserialize)]
struct Document<'a> {
    _format: u32,
    payload: u16,
    #[serde(borrow)]
    ecs_from: Vec<Network<'a>>,
    proxy_from: Vec<Network<'a>>,
    nsid: &'a Bytes,
    version: &'a str,
    identity: &'a str,
    secrets: Vec<&'a Bytes>,
    cookies_required: bool,
    rate: (u32, u32, u8, u8, u32, Vec<Network<'a>>),
    tcp: (u32, u32, u8, u8, u32, u32),
    stale: bool,
    transfers: bool,
    #[serde(default)]
    explain_txt: bool,
}

#[derive(Debug, Deserialize)]
struct Network<'a> {
    #[serde(borrow)]
    address: &'a Bytes,
    prefix: u8,
}

/// Read a policy from its document; it takes over what the one before has counted.
pub(super) fn build(document: &[u8], before: &Policy) -> Result<Policy, Fault> {
    let found: Document<'_> = document::read(document, "policy")?;
    from_document(&found, before).map_err(|fault| fault.within("the policy".to_owned()))
}

fn from_document(found: &Document<'_>, before: &Policy) -> Result<Policy, Fault> {
    if found.payload < PLAIN_PAYLOAD || found.payload > MOST_UDP {
        let payload = found.payload;
        return Err(Fault::new(format!(
            "has a UDP payload of {payload}; it lies between {PLAIN_PAYLOAD} and {MOST_UDP}"
        )));
    }
    if found.nsid.len() > MOST_NSID || found.version.len() > 255 || found.identity.len() > 255 {
        return Err(Fault::new("has a text that is too long for an answer"));
    }
    let secrets = found.secrets.iter().map(|secret| <[u8; SECRET]>::try_from(&***secret));
    let secrets = secrets.collect::<Result<_, _>>();
    let secrets = secrets.map_err(|_| Fault::new("has a cookie secret that has not 16 octets"))?;
    let (limit, slip, ipv4_prefix, ipv6_prefix, entries, exempt) = &found.rate;
    let (connections, per_network, tcp_ipv4, tcp_ipv6, idle, message) = found.tcp;
    if *ipv4_prefix > 32 || *ipv6_prefix > 64 || tcp_ipv4 > 32 || tcp_ipv6 > 64 {
        return Err(Fault::new("has client networks of more than 32 (IPv4) or 64 (IPv6) bits"));
    }
    if *entries > MOST_ENTRIES {
        return Err(Fault::new(format!(
            "wants {entries} networks remembered; the most is {MOST_ENTRIES}"
        )));
    }
    let entries = if *limit == 0 { 0 } else { *entries };
    let same = before.limiter.is_for(entries);
    Ok(Policy {
        limiter: if same { Arc::clone(&before.limiter) } else { Arc::new(Limiter::new(entries)) },
        payload: found.payload,
        ecs_from: Networks::read(&found.ecs_from)?,
        proxy_from: Networks::read(&found.proxy_from)?,
        nsid: (**found.nsid).into(),
        version: found.version.into(),
        identity: found.identity.into(),
        cookies: Cookies { secrets, required: found.cookies_required },
        rate: Rate {
            limit: *limit,
            slip: *slip,
            prefixes: Prefixes { ipv4: *ipv4_prefix, ipv6: *ipv6_prefix },
            exempt: Networks::read(exempt)?,
        },
        tcp: Tcp {
            connections,
            per_network,
            prefixes: Prefixes { ipv4: tcp_ipv4, ipv6: tcp_ipv6 },
            idle: Duration::from_millis(idle.into()),
            message: Duration::from_millis(message.into()),
        },
        stale: found.stale,
        transfers: found.transfers,
        explain_txt: found.explain_txt,
    })
}

/// The longest NSID: with everything else that an OPT record may carry it stays far below 512.
const MOST_NSID: usize = 128;
/// The most client networks that rate limiting remembers: they take 8 octets each.
const MOST_ENTRIES: u32 = 1 << 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &[u8], prefix: u8) -> Network<'_> {
        Network { address: Bytes::new(address), prefix }
    }

    #[test]
    fn networks_hold_their_ends_and_nothing_beyond() {
        let v6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let found = Networks::read(&[network(&[192, 0, 2, 77], 24), network(&v6, 32)]).unwrap();
        for inside in ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.1", "2001:db8:ffff::1"] {
            assert!(found.contain(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["192.0.1.255", "192.0.3.0", "2001:db9::", "::", "0.0.0.0"] {
            assert!(!found.contain(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn all_of_both_families_is_everything() {
        let found = Networks::read(&[network(&[0; 4], 0), network(&[0; 16], 0)]).unwrap();
        assert!(found.all);
        let ipv4 = Networks::read(&[network(&[0; 4], 0)]).unwrap();
        assert!(ipv4.contain("203.0.113.1".parse().unwrap()));
        assert!(!ipv4.contain("2001:db8::1".parse().unwrap()));
        assert!(Networks::read(&[network(&[0; 4], 33)]).is_err());
        assert!(Networks::read(&[network(&[0; 5], 0)]).is_err());
    }
}
