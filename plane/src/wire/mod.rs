//! DNS messages as octets: the numbers of the protocol here, questions, EDNS and replies beside.

pub mod edns;
mod known;
pub mod query;
pub mod reply;

pub use known::Known;

/// Octets of a message's header (RFC 1035 section 4.1.1).
pub const HEADER: usize = 12;

/// Class IN (RFC 1035 section 3.2.4).
pub const IN: u16 = 1;

/// The longest answer over UDP, whatever the client offers (RFC 9715 section 3).
pub const UDP_PAYLOAD: u16 = 1232;

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
    /// RFC 3596.
    pub const AAAA: u16 = 28;
    /// RFC 2782.
    pub const SRV: u16 = 33;
    /// RFC 6891.
    pub const OPT: u16 = 41;
    /// RFC 4034.
    pub const DS: u16 = 43;
    /// RFC 8945.
    pub const TSIG: u16 = 250;
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
        (12, "PTR"),
        (13, "HINFO"),
        (MX, "MX"),
        (16, "TXT"),
        (AAAA, "AAAA"),
        (29, "LOC"),
        (SRV, "SRV"),
        (35, "NAPTR"),
        (39, "DNAME"),
        (DS, "DS"),
        (44, "SSHFP"),
        (46, "RRSIG"),
        (47, "NSEC"),
        (48, "DNSKEY"),
        (52, "TLSA"),
        (64, "SVCB"),
        (65, "HTTPS"),
        (TSIG, "TSIG"),
        (IXFR, "IXFR"),
        (AXFR, "AXFR"),
        (ANY, "ANY"),
        (256, "URI"),
        (257, "CAA"),
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
    /// An EDNS version of the future; its upper bits stand in the OPT record.
    Badvers = 16,
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
            Self::Badvers => "BADVERS",
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
