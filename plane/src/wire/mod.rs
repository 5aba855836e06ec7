//! DNS messages as octets: the numbers of the protocol here, questions, EDNS and replies beside,
//! and what front ends put before them.

pub mod cookie;
pub mod denial;
pub mod edns;
mod known;
pub mod proxy;
pub mod query;
pub mod reply;

pub use known::Known;

/// Octets of a message's header (RFC 1035 section 4.1.1).
pub const HEADER: usize = 12;

/// Class IN (RFC 1035 section 3.2.4).
pub const IN: u16 = 1;

/// Class CH (RFC 1035 section 3.2.4), in which servers say what they are.
pub const CH: u16 = 3;

/// The longest answer over UDP, whatever the client offers (RFC 9715 section 3).
pub const UDP_PAYLOAD: u16 = 1232;

/// The longest answer over UDP that a policy may allow, and the longest query that is taken.
pub const MOST_UDP: u16 = 2048;

/// The longest answer over UDP to a query without EDNS (RFC 1035 section 4.2.1).
pub const PLAIN_PAYLOAD: u16 = 512;

/// Record types that the plane itself looks at; all others are octets to it.
pub mod rtype {
    /// RFC 1035.
    pub const A: u16 = 1;
    /// RFC 1035.
    pub const NS: u16 = 2;
    /// RFC 1035.
    pub const CNAME: u16 = 5;
    /// RFC 1035.
    pub const SOA: u16 = 6;
    /// RFC 1035.
    pub const MX: u16 = 15;
    /// RFC 1035.
    pub const TXT: u16 = 16;
    /// RFC 3596.
    pub const AAAA: u16 = 28;
    /// RFC 2782.
    pub const SRV: u16 = 33;
    /// RFC 6672.
    pub const DNAME: u16 = 39;
    /// RFC 6891.
    pub const OPT: u16 = 41;
    /// RFC 4034.
    pub const DS: u16 = 43;
    /// RFC 8945.
    pub const TSIG: u16 = 250;
    /// RFC 9460.
    pub const SVCB: u16 = 64;
    /// RFC 9460.
    pub const HTTPS: u16 = 65;
    /// RFC 1035.
    pub const PTR: u16 = 12;
    /// RFC 3403.
    pub const NAPTR: u16 = 35;
    /// RFC 4034.
    pub const DNSKEY: u16 = 48;
    /// RFC 6698.
    pub const TLSA: u16 = 52;
    /// RFC 8659.
    pub const CAA: u16 = 257;
    /// RFC 1995.
    pub const IXFR: u16 = 251;
    /// RFC 5936.
    pub const AXFR: u16 = 252;
    /// RFC 8482.
    pub const ANY: u16 = 255;

    const MNEMONICS: &[(u16, &str)] = &[
        (A, "A"),
        (NS, "NS"),
        (CNAME, "CNAME"),
        (SOA, "SOA"),
        (PTR, "PTR"),
        (13, "HINFO"),
        (MX, "MX"),
        (TXT, "TXT"),
        (AAAA, "AAAA"),
        (29, "LOC"),
        (SRV, "SRV"),
        (NAPTR, "NAPTR"),
        (DNAME, "DNAME"),
        (DS, "DS"),
        (44, "SSHFP"),
        (46, "RRSIG"),
        (47, "NSEC"),
        (TSIG, "TSIG"),
        (DNSKEY, "DNSKEY"),
        (TLSA, "TLSA"),
        (SVCB, "SVCB"),
        (HTTPS, "HTTPS"),
        (IXFR, "IXFR"),
        (AXFR, "AXFR"),
        (ANY, "ANY"),
        (256, "URI"),
        (CAA, "CAA"),
    ];

    /// Spell a type for a reader: its mnemonic, or TYPE and its number (RFC 3597 section 5).
    #[must_use]
    pub fn to_text(rtype: u16) -> String {
        let known = MNEMONICS.iter().find(|(number, _)| *number == rtype);
        known.map_or_else(|| format!("TYPE{rtype}"), |(_, mnemonic)| (*mnemonic).to_owned())
    }
}

/// Response codes (RFC 1035 section 4.1.1, RFC 6891 section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rcode {
    /// No error.
    Noerror = 0,
    /// The query was malformed.
    Formerr = 1,
    /// The server could not answer.
    Servfail = 2,
    /// The name does not exist.
    Nxdomain = 3,
    /// That kind of query is not implemented.
    Notimp = 4,
    /// Refused by policy.
    Refused = 5,
    /// A DNAME's substitution makes too long a name (RFC 6672 section 2.2).
    Yxdomain = 6,
    /// An EDNS version of the future; its upper bits stand in the OPT record.
    Badvers = 16,
    /// A right cookie is asked for (RFC 7873 section 8).
    Badcookie = 23,
}

impl Rcode {
    /// The mnemonic.
    #[must_use]
    pub fn to_text(self) -> &'static str {
        match self {
            Self::Noerror => "NOERROR",
            Self::Formerr => "FORMERR",
            Self::Servfail => "SERVFAIL",
            Self::Nxdomain => "NXDOMAIN",
            Self::Notimp => "NOTIMP",
            Self::Refused => "REFUSED",
            Self::Yxdomain => "YXDOMAIN",
            Self::Badvers => "BADVERS",
            Self::Badcookie => "BADCOOKIE",
        }
    }
}

/// Read a 16-bit number in network order.
#[inline]
pub(crate) fn number_at(octets: &[u8], at: usize) -> Option<u16> {
    match octets.get(at..)? {
        [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}
