//! EDNS (RFC 6891): the OPT record of a query, and that of its reply.
//!
//! ```text
//! read     client subnet (RFC 7871), cookie (RFC 7873), NSID (RFC 5001), padding (RFC 7830)
//! written  the same where they were asked for, and an extended error (RFC 8914)
//! ```
//!
//! Unknown options are ignored (RFC 6891 section 6.1.2), and options of a version not known here
//! are not looked at.

mod written;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cookie::{self, Cookie};
pub(super) use written::write;

/// Octets of an OPT record without options.
pub const OPT: usize = 11;

const NSID: u16 = 3; // RFC 5001 section 4
const ECS: u16 = 8; // RFC 7871 section 6
const COOKIE: u16 = 10; // RFC 7873 section 8
const PADDING: u16 = 12; // RFC 7830 section 3

/// A client subnet option of 24 bits of IPv4, up to its address.
const SLASH_24: [u8; 8] = [0, 8, 0, 7, 0, 1, 24, 0];

/// The OPT record of a query; room for one is kept by a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for a bit or an option")]
pub struct Edns {
    /// The client's UDP payload size.
    pub payload: u16,
    /// The version; only 0 is known.
    pub version: u8,
    /// The DO bit (RFC 3225).
    pub dnssec_ok: bool,
    /// Whether the server's identifier is asked for.
    pub nsid: bool,
    /// Whether the client pads, and wants padding.
    pub padding: bool,
    /// The client subnet option.
    pub subnet: Option<Subnet>,
    /// The cookie option.
    pub cookie: Option<Cookie>,
    /// Whether there are options at all.
    pub has_options: bool,
}

/// A client subnet option (RFC 7871 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// The address, zero beyond the source prefix.
    pub address: IpAddr,
    /// How many bits of it are told; 0 asks not to be located.
    pub source: u8,
    /// The family as it came; 0 with a source prefix of 0 is echoed as it is.
    pub family: u16,
}

/// What can be wrong with an OPT record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptFault {
    /// Its options do not fit it.
    Record,
    /// It is right, but an option in it is malformed; the option is left out.
    Option,
}

/// Why an answer is not what one might expect (RFC 8914 section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtendedError {
    /// Nothing is live, and a fallback answers; said in words, since no code is for it.
    LastResort = 0,
    /// The answer is of a state that could not be renewed.
    Stale = 3,
    /// The server has nothing to answer from yet.
    NotReady = 14,
    /// The client may not ask this.
    Prohibited = 18,
    /// The server is not authoritative for the name.
    NotAuthoritative = 20,
}

impl ExtendedError {
    /// EXTRA-TEXT, for people (RFC 8914 section 2).
    fn text(self) -> &'static [u8] {
        match self {
            Self::LastResort => b"last resort: nothing is live",
            _ => b"",
        }
    }
}

/// What the OPT record of a reply says.
#[derive(Clone, Copy, Debug)]
pub struct Opt<'p> {
    /// The longest datagram that we take.
    pub payload: u16,
    /// What NSID says, if it was asked for; empty if nothing.
    pub nsid: &'p [u8],
    /// Our part of the cookie, if the query had one.
    pub cookie: Option<[u8; cookie::SERVER]>,
    /// Whether only the two ends can read the reply, so that its length should tell nothing.
    pub encrypted: bool,
}

impl Opt<'_> {
    /// Say nothing but how long datagrams may be.
    #[must_use]
    #[inline]
    pub fn new(payload: u16, encrypted: bool) -> Self {
        Self { payload, nsid: &[], cookie: None, encrypted }
    }
}

impl Edns {
    /// Read class, TTL and data of an OPT record; they must be the whole of these octets.
    ///
    /// # Errors
    /// What is wrong; what could be read stands in `self`.
    #[expect(clippy::inline_always, reason = "it has one hot caller")]
    #[inline(always)]
    pub(super) fn read(&mut self, record: &[u8]) -> Result<(), OptFault> {
        let Some((&[p1, p2, _, version, flags, _, _, _], options)) = record.split_first_chunk()
        else {
            return Err(OptFault::Record);
        };
        *self = Self {
            payload: u16::from_be_bytes([p1, p2]),
            version,
            dnssec_ok: flags & 0x80 != 0,
            ..Self::default()
        };
        if options.is_empty() {
            return Ok(());
        }
        self.has_options = true;
        match options.split_first_chunk() {
            // Most tell 24 bits of IPv4 and nothing else.
            Some((&SLASH_24, &[a, b, c])) if version == 0 => {
                let address = IpAddr::V4(Ipv4Addr::new(a, b, c, 0));
                self.subnet = Some(Subnet { address, source: 24, family: 1 });
                Ok(())
            }
            _ => self.read_options(options),
        }
    }

    #[inline(never)]
    fn read_options(&mut self, options: &[u8]) -> Result<(), OptFault> {
        if let Some(data) = subnet_alone(options).filter(|_| self.version == 0) {
            self.subnet = Subnet::read(data);
            return if self.subnet.is_some() { Ok(()) } else { Err(OptFault::Option) };
        }
        let (mut options, mut malformed) = (options, false);
        while let Some((&[c1, c2, l1, l2], rest)) = options.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes([l1, l2]));
            let (data, rest) = rest.split_at_checked(length).ok_or(OptFault::Record)?;
            options = rest;
            if self.version != 0 {
                continue;
            }
            match u16::from_be_bytes([c1, c2]) {
                ECS => {
                    let subnet = Subnet::read(data);
                    malformed |= subnet.is_none() || self.subnet.is_some();
                    self.subnet = subnet;
                }
                COOKIE => {
                    let cookie = Cookie::read(data);
                    // Of several the first counts (RFC 7873 section 5.2).
                    malformed |= cookie.is_none();
                    self.cookie = self.cookie.or(cookie);
                }
                NSID => self.nsid = true,
                PADDING => self.padding = true,
                _ => {}
            }
        }
        if !options.is_empty() {
            return Err(OptFault::Record);
        }
        if malformed {
            (self.subnet, self.cookie) = (None, None);
            return Err(OptFault::Option);
        }
        Ok(())
    }

    /// How long the OPT record of the reply is at least.
    #[inline]
    #[must_use]
    pub fn length(&self, opt: &Opt<'_>) -> usize {
        let mut length = OPT;
        if !self.has_options {
            return length;
        }
        if let Some(subnet) = &self.subnet {
            length += 8 + subnet.octets();
        }
        if opt.cookie.is_some() {
            length += 4 + cookie::WHOLE;
        }
        if !opt.nsid.is_empty() {
            length += 4 + opt.nsid.len();
        }
        length
    }
}

/// The data of a client subnet option, if these options are that one alone.
#[inline]
fn subnet_alone(options: &[u8]) -> Option<&[u8]> {
    match options.split_first_chunk()? {
        (&[0, 8, 0, length], data) if usize::from(length) == data.len() => Some(data),
        _ => None,
    }
}

impl Subnet {
    /// Read the option's data; `None` if it is malformed (RFC 7871 sections 6 and 7.1.2).
    fn read(data: &[u8]) -> Option<Self> {
        let &[f1, f2, source, scope, ref told @ ..] = data else {
            return None;
        };
        let family = u16::from_be_bytes([f1, f2]);
        if scope != 0 || told.len() != usize::from(source).div_ceil(8) {
            return None;
        }
        // Bits beyond the source prefix must be zero.
        let spare = (8 - source % 8) % 8;
        if told.last().is_some_and(|last| last & !(u8::MAX << spare) != 0) {
            return None;
        }
        let address = match (family, told) {
            (0, []) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            (1, told) => IpAddr::V4(Ipv4Addr::from(padded::<4>(told)?)),
            // Most tell 56 bits of IPv6, or 48.
            (2, told) if told.len() == 7 => IpAddr::V6(Ipv6Addr::from(front::<7, 16>(told)?)),
            (2, told) if told.len() == 6 => IpAddr::V6(Ipv6Addr::from(front::<6, 16>(told)?)),
            (2, told) => IpAddr::V6(Ipv6Addr::from(padded::<16>(told)?)),
            _ => return None,
        };
        Some(Self { address, source, family })
    }

    /// How many octets of the address are told.
    #[must_use]
    #[inline]
    pub fn octets(&self) -> usize {
        usize::from(self.source).div_ceil(8)
    }
}

/// `K` octets and zeros behind them: no loop is needed where the number is known.
#[inline]
fn front<const K: usize, const N: usize>(told: &[u8]) -> Option<[u8; N]> {
    let mut octets = [0; N];
    *octets.first_chunk_mut::<K>()? = *told.first_chunk()?;
    Some(octets)
}

#[inline]
fn padded<const N: usize>(told: &[u8]) -> Option<[u8; N]> {
    let mut octets = [0; N];
    octets.get_mut(..told.len())?.copy_from_slice(told);
    Some(octets)
}
