//! DNS cookies (RFC 7873), made as RFC 9018 says, so that all nodes with one secret agree.
//!
//! ```text
//! client cookie  8 octets, the client's own
//! server cookie  version 1 | 3 reserved | time, 4 octets | SipHash-2-4, 8 octets
//!                the hash is over client cookie | version | reserved | time | client address
//! ```
//!
//! A client that shows a right server cookie has received an answer of ours before: its address is
//! not forged.

use std::hash::Hasher;
use std::net::IpAddr;

use siphasher::sip::SipHasher24;

/// Octets of a client cookie (RFC 7873 section 4.1).
pub const CLIENT: usize = 8;
/// Octets of our server cookies (RFC 9018 section 4).
pub const SERVER: usize = 16;
/// Octets of both.
pub const WHOLE: usize = CLIENT + SERVER;

/// Octets of a cookie secret (RFC 9018 section 4.4).
pub const SECRET: usize = 16;

const VERSION: u8 = 1; // RFC 9018 section 4.1
const LONGEST_SERVER: usize = 32; // RFC 7873 section 4.2
/// How many seconds a cookie is believed (RFC 9018 section 4.3).
const LIFE: u32 = 3600;
/// From which age a new one is given in its place.
const RENEW: u32 = 1800;
/// How far ahead the clock of another node may be.
const AHEAD: u32 = 300;

/// A cookie option as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The client's part.
    pub client: [u8; CLIENT],
    /// Ours, if it is there and could be ours by its length.
    pub server: Option<[u8; SERVER]>,
}

/// What a cookie is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Whether it is ours, for this address, and not too old.
    pub valid: bool,
    /// Our part of the cookie for the reply.
    pub server: [u8; SERVER],
}

impl Cookie {
    /// Read the option's data; `None` if it is malformed (RFC 7873 section 5.2.2).
    pub(super) fn read(data: &[u8]) -> Option<Self> {
        let (&client, server) = data.split_first_chunk::<CLIENT>()?;
        match server.len() {
            0 => Some(Self { client, server: None }),
            8..=LONGEST_SERVER => Some(Self { client, server: server.try_into().ok() }),
            _ => None,
        }
    }

    /// Check our part of it, and make the one that goes back; `None` without secrets.
    ///
    /// Every secret is believed, the first signs: a new one is first added behind the old, on all
    /// nodes, then moved to the front, and the old one is taken away an hour later (RFC 9018
    /// section 5). `now` is in seconds since 1970.
    #[must_use]
    pub fn check(&self, secrets: &[[u8; SECRET]], source: IpAddr, now: u32) -> Option<Checked> {
        let signing = secrets.first()?;
        let fresh = || sign(self.client, now, source, signing);
        let Some(server) = self.server else {
            return Some(Checked { valid: false, server: fresh() });
        };
        let [version, _, _, _, t1, t2, t3, t4, ..] = server;
        let age = now.wrapping_sub(u32::from_be_bytes([t1, t2, t3, t4]));
        let young = age <= LIFE || age.wrapping_neg() <= AHEAD;
        let mut signer = None;
        if version == VERSION && young {
            let time = u32::from_be_bytes([t1, t2, t3, t4]);
            let ours = |secret: &[u8; SECRET]| {
                let made = sign(self.client, time, source, secret);
                same(&made, &server)
            };
            signer = secrets.iter().position(ours);
        }
        let keep = signer == Some(0) && (age < RENEW || age.wrapping_neg() <= AHEAD);
        Some(Checked { valid: signer.is_some(), server: if keep { server } else { fresh() } })
    }
}

fn sign(client: [u8; CLIENT], time: u32, source: IpAddr, secret: &[u8; SECRET]) -> [u8; SERVER] {
    let [t1, t2, t3, t4] = time.to_be_bytes();
    let head = [VERSION, 0, 0, 0, t1, t2, t3, t4];
    let mut hasher = SipHasher24::new_with_key(secret);
    hasher.write(&client);
    hasher.write(&head);
    match source.to_canonical() {
        IpAddr::V4(v4) => hasher.write(&v4.octets()),
        IpAddr::V6(v6) => hasher.write(&v6.octets()),
    }
    let mut cookie = [0; SERVER];
    let (first, second) = cookie.split_at_mut(head.len());
    first.copy_from_slice(&head);
    second.copy_from_slice(&hasher.finish().to_le_bytes());
    cookie
}

/// Compare without telling by the time taken where the difference lies.
fn same(one: &[u8; SERVER], other: &[u8; SERVER]) -> bool {
    one.iter().zip(other).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET_A1: [u8; 16] =
        *b"\xe5\xe9\x73\xe5\xa6\xb2\xa4\x3f\x48\xe7\xdc\x84\x9e\x37\xbf\xcf";

    fn octets<const N: usize>(hex: &str) -> [u8; N] {
        std::array::from_fn(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap())
    }

    /// RFC 9018 appendix A.1: a new server cookie.
    #[test]
    fn makes_the_cookie_of_the_rfc() {
        let cookie = Cookie { client: octets("2464c4abcf10c957"), server: None };
        let source = "198.51.100.100".parse().unwrap();
        let made = cookie.check(&[SECRET_A1], source, 1_559_731_985).unwrap();
        assert_eq!(made.server, octets("010000005cf79f111f8130c3eee29480"));
        assert!(!made.valid);
    }

    /// RFC 9018 appendix A.2: the same client, its server cookie renewed.
    #[test]
    fn renews_the_cookie_of_the_rfc() {
        let server = Some(octets("010000005cf79f111f8130c3eee29480"));
        let cookie = Cookie { client: octets("2464c4abcf10c957"), server };
        let source = "198.51.100.100".parse().unwrap();
        let made = cookie.check(&[SECRET_A1], source, 1_559_734_385).unwrap();
        assert!(made.valid);
        assert_eq!(made.server, octets("010000005cf7a871d4a564a1442aca77"));
    }

    /// RFC 9018 appendix A.4: IPv6, and a secret that was rolled over.
    #[test]
    fn believes_the_secret_that_was_rolled_over() {
        let new: [u8; 16] = octets("445536bcd2513298075a5d379663c962");
        let old: [u8; 16] = octets("dd3bdf9344b678b185a6f5cb60fca715");
        let server = Some(octets("010000005cf7c57926556bd0934c72f8"));
        let cookie = Cookie { client: octets("22681ab97d52c298"), server };
        let source = "2001:db8:220:1:59de:d0f4:8769:82b8".parse().unwrap();
        let made = cookie.check(&[new, old], source, 1_559_741_961).unwrap();
        assert!(made.valid);
        assert_eq!(made.server, octets("010000005cf7c609a6bb79d16625507a"));
        assert!(!cookie.check(&[new], source, 1_559_741_961).unwrap().valid);
    }

    #[test]
    fn believes_no_cookie_of_another_address_or_time() {
        let client = octets("2464c4abcf10c957");
        let source: IpAddr = "198.51.100.100".parse().unwrap();
        let secrets = [SECRET_A1];
        let made = Cookie { client, server: None }.check(&secrets, source, 10_000).unwrap();
        let shown = Cookie { client, server: Some(made.server) };
        let valid =
            |source: &str, now| shown.check(&secrets, source.parse().unwrap(), now).unwrap().valid;
        assert!(valid("198.51.100.100", 10_000) && valid("::ffff:198.51.100.100", 10_000));
        assert!(valid("198.51.100.100", 13_600) && !valid("198.51.100.100", 13_601));
        assert!(valid("198.51.100.100", 9_700) && !valid("198.51.100.100", 9_699));
        assert!(!valid("198.51.100.101", 10_000));
        let younger = shown.check(&secrets, source, 11_799).unwrap();
        assert_eq!(younger.server, made.server);
        assert_ne!(shown.check(&secrets, source, 11_800).unwrap().server, made.server);
    }

    #[test]
    fn refuses_lengths_that_no_cookie_has() {
        for length in 0..=41 {
            let right = length == 8 || (16..=40).contains(&length);
            assert_eq!(Cookie::read(&vec![1; length]).is_some(), right, "{length}");
        }
    }
}
