//! EDNS (RFC 6891) and the one option that is read so far: client subnet (RFC 7871).
//!
//! Unknown options are ignored (RFC 6891 section 6.1.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{number_at, rtype};

/// Octets of an OPT record without options.
pub const OPT: usize = 11;

const ECS: u16 = 8; // RFC 7871 section 6

/// An OPT record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edns {
    /// The client's UDP payload size.
    pub payload: u16,
    /// The version; only 0 is known.
    pub version: u8,
    /// The DO bit (RFC 3225).
    pub dnssec_ok: bool,
    /// The client subnet option.
    pub subnet: Option<Subnet>,
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
    /// Its owner is not the root, or its options do not fit it.
    Record,
    /// It is right, but the client subnet in it is malformed.
    Subnet(Edns),
}

impl Edns {
    /// Read an OPT record, which must be the whole of these octets.
    pub(super) fn read(record: &[u8]) -> Result<Self, OptFault> {
        let Some((&[0, _, _, p1, p2, _, version, flags, _, _, _], mut options)) =
            record.split_first_chunk::<OPT>()
        else {
            return Err(OptFault::Record);
        };
        debug_assert_eq!(number_at(record, 1), Some(rtype::OPT));
        let mut edns = Self {
            payload: u16::from_be_bytes([p1, p2]),
            version,
            dnssec_ok: flags & 0x80 != 0,
            subnet: None,
        };
        let mut malformed = false;
        while !options.is_empty() {
            let code = number_at(options, 0).ok_or(OptFault::Record)?;
            let length = usize::from(number_at(options, 2).ok_or(OptFault::Record)?);
            let data = options.get(4..4 + length).ok_or(OptFault::Record)?;
            if code == ECS && version == 0 {
                let subnet = Subnet::read(data);
                malformed |= subnet.is_none() || edns.subnet.is_some();
                edns.subnet = subnet;
            }
            options = options.get(4 + length..).unwrap_or_default();
        }
        if malformed {
            return Err(OptFault::Subnet(Self { subnet: None, ..edns }));
        }
        Ok(edns)
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
        let address = match family {
            0 if source == 0 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            1 => IpAddr::V4(Ipv4Addr::from(padded::<4>(told)?)),
            2 => IpAddr::V6(Ipv6Addr::from(padded::<16>(told)?)),
            _ => return None,
        };
        Some(Self { address, source, family })
    }

    /// How many octets of the address are told.
    #[must_use]
    pub fn octets(&self) -> usize {
        usize::from(self.source).div_ceil(8)
    }
}

fn padded<const N: usize>(told: &[u8]) -> Option<[u8; N]> {
    let mut octets = [0; N];
    octets.get_mut(..told.len())?.copy_from_slice(told);
    Some(octets)
}

/// Write an OPT record into `out`; give its length, or `None` if there is no room.
///
/// `scope` is the prefix for which the answer is true; it goes out with a client subnet only.
pub(super) fn write(out: &mut [u8], edns: &Edns, rcode: u16, scope: u8) -> Option<usize> {
    let [payload_high, payload_low] = super::UDP_PAYLOAD.to_be_bytes();
    let [rcode_high, _] = (rcode << 4).to_be_bytes(); // its upper 8 of 12 bits
    let flags = if edns.dnssec_ok { 0x80 } else { 0 };
    let length = length(edns);
    let [length_high, length_low] = u16::try_from(length - OPT).ok()?.to_be_bytes();
    let out = out.get_mut(..length)?;
    let (fixed, options) = out.split_first_chunk_mut::<OPT>()?;
    *fixed =
        [0, 0, 41, payload_high, payload_low, rcode_high, 0, flags, 0, length_high, length_low];
    if let Some(subnet) = &edns.subnet {
        let octets = subnet.octets();
        let told = u8::try_from(octets + 4).ok()?;
        let [family_high, family_low] = subnet.family.to_be_bytes();
        let (head, address) = options.split_first_chunk_mut::<8>()?;
        *head = [0, 8, 0, told, family_high, family_low, subnet.source, scope];
        match subnet.address {
            IpAddr::V4(v4) => address.copy_from_slice(v4.octets().get(..octets)?),
            IpAddr::V6(v6) => address.copy_from_slice(v6.octets().get(..octets)?),
        }
    }
    Some(length)
}

/// How long the OPT record of a reply is.
pub(super) fn length(edns: &Edns) -> usize {
    OPT + edns.subnet.map_or(0, |subnet| 8 + subnet.octets())
}
