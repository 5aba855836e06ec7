//! The PROXY protocol, version 2: what a front end puts before a query to say for whom it asks.
//!
//! ```text
//! signature (12) | version 2 and command | family and protocol | length (2) | addresses, TLVs
//!                  0x20 LOCAL: the front end asks for itself
//!                  0x21 PROXY: 0x1_ IPv4, 0x2_ IPv6, 0x3_ unix, 0x00 unknown
//! ```
//!
//! Over UDP it stands before every message, over TCP once, before the first. Whether the sender
//! may be believed is decided elsewhere. TLVs are skipped; nothing is allocated. It is no RFC: the
//! text is `doc/proxy-protocol.txt` of haproxy, section 2.2.

use std::net::IpAddr;

/// What every header begins with. As a DNS message it would be an IQUERY, as a frame one of 3338
/// octets; neither is ever sent by accident.
pub const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Octets before the addresses.
const FIXED: usize = 16;

/// What octets begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// No header.
    Absent,
    /// The beginning of one, or nothing yet.
    Partial,
    /// The signature, and behind it what the protocol does not allow.
    Malformed,
    /// A whole header.
    Whole {
        /// Its octets; the message stands behind them.
        length: usize,
        /// For whom the front end asks; none if it is for itself, or cannot say.
        client: Option<IpAddr>,
    },
}

/// Read what octets begin with.
#[must_use]
pub fn read(octets: &[u8]) -> Header {
    let same = octets.iter().zip(&SIGNATURE).take_while(|(octet, wanted)| octet == wanted).count();
    if same < SIGNATURE.len() {
        return if same == octets.len() { Header::Partial } else { Header::Absent };
    }
    let Some((&[.., command, family, high, low], rest)) = octets.split_first_chunk::<FIXED>()
    else {
        return Header::Partial;
    };
    let size = usize::from(u16::from_be_bytes([high, low]));
    let length = FIXED + size;
    let whole = |client| Header::Whole { length, client };
    let told = rest.get(..size);
    match (command, family) {
        (0x20, _) => told.map_or(Header::Partial, |_| whole(None)),
        // Both source and destination must be there, for what the family says they are.
        (0x21, 0x11 | 0x12) if size < 2 * 4 + 2 * 2 => Header::Malformed,
        (0x21, 0x21 | 0x22) if size < 2 * 16 + 2 * 2 => Header::Malformed,
        (0x21, 0x31 | 0x32) if size < 2 * 108 => Header::Malformed,
        (0x21, 0x11 | 0x12) => told.map_or(Header::Partial, |told| whole(v4(told))),
        (0x21, 0x21 | 0x22) => told.map_or(Header::Partial, |told| whole(v6(told))),
        (0x21, 0x00 | 0x31 | 0x32) => told.map_or(Header::Partial, |_| whole(None)),
        _ => Header::Malformed,
    }
}

/// Take the header off a datagram: what is behind it, and for whom it was told to be. `None` if
/// the datagram must be dropped.
#[must_use]
pub fn datagram(octets: &[u8]) -> Option<(&[u8], Option<IpAddr>)> {
    match read(octets) {
        Header::Absent => Some((octets, None)),
        Header::Whole { length, client } => Some((octets.get(length..)?, client)),
        Header::Partial | Header::Malformed => None,
    }
}

fn v4(told: &[u8]) -> Option<IpAddr> {
    told.first_chunk::<4>().map(|&octets| IpAddr::from(octets))
}

fn v6(told: &[u8]) -> Option<IpAddr> {
    told.first_chunk::<16>().map(|&octets| IpAddr::from(octets).to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(command: u8, family: u8, told: &[u8]) -> Vec<u8> {
        let length = u16::try_from(told.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, told].concat()
    }

    /// Source and destination of one family, then ports.
    fn addresses(source: &str, destination: &str) -> Vec<u8> {
        let octets = |text: &str| match text.parse().unwrap() {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        [octets(source), octets(destination), vec![0x30, 0x39, 0, 53]].concat()
    }

    fn whole(octets: &[u8]) -> Option<IpAddr> {
        let Header::Whole { length, client } = read(octets) else { unreachable!("{octets:?}") };
        assert_eq!(length, octets.len());
        client
    }

    #[test]
    fn both_families_and_both_protocols_tell_the_source() {
        let v4 = addresses("203.0.113.7", "192.0.2.53");
        let v6 = addresses("2001:db8::7", "2001:db8::53");
        for (family, told, client) in [
            (0x11, &v4, "203.0.113.7"),
            (0x12, &v4, "203.0.113.7"),
            (0x21, &v6, "2001:db8::7"),
            (0x22, &v6, "2001:db8::7"),
        ] {
            let found = whole(&header(0x21, family, told));
            assert_eq!(found, Some(client.parse().unwrap()), "{family:#x}");
        }
        let mapped = addresses("::ffff:203.0.113.7", "::ffff:192.0.2.53");
        let found = whole(&header(0x21, 0x22, &mapped));
        assert_eq!(found, Some("203.0.113.7".parse().unwrap()), "an IPv4 client, whatever the way");
    }

    #[test]
    fn values_behind_the_addresses_are_skipped() {
        let told = [&addresses("203.0.113.7", "192.0.2.53")[..], &[4, 0, 3, 1, 2, 3]].concat();
        let octets = [&header(0x21, 0x12, &told)[..], b"message"].concat();
        let client = Some("203.0.113.7".parse().unwrap());
        assert_eq!(read(&octets), Header::Whole { length: octets.len() - 7, client });
        assert_eq!(datagram(&octets), Some((&b"message"[..], client)));
    }

    #[test]
    fn a_front_end_may_ask_for_itself_or_not_be_able_to_say() {
        let unix = [0; 216];
        for (command, family, told) in
            [(0x20, 0x00, &[][..]), (0x20, 0x77, &[9; 5]), (0x21, 0x00, &[]), (0x21, 0x31, &unix)]
        {
            assert_eq!(whole(&header(command, family, told)), None);
        }
    }

    #[test]
    fn what_the_protocol_does_not_allow_is_malformed() {
        let v4 = addresses("203.0.113.7", "192.0.2.53");
        for (command, family, told) in [
            (0x11, 0x12, &v4[..]),
            (0x22, 0x12, &v4),
            (0x00, 0x12, &v4),
            (0x21, 0x13, &v4),
            (0x21, 0x42, &v4),
            (0x21, 0x12, &v4[..11]),
            (0x21, 0x22, &[0; 35]),
            (0x21, 0x31, &[0; 215]),
        ] {
            let octets = header(command, family, told);
            assert_eq!(read(&octets), Header::Malformed, "{command:#x} {family:#x}");
            assert_eq!(datagram(&octets), None);
        }
    }

    #[test]
    fn a_header_cut_anywhere_is_partial_and_no_datagram() {
        let octets = header(0x21, 0x22, &addresses("2001:db8::7", "2001:db8::53"));
        for cut in 0..octets.len() {
            assert_eq!(read(&octets[..cut]), Header::Partial, "{cut}");
            assert_eq!(datagram(&octets[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn anything_else_is_absent_from_its_first_other_octet_on() {
        for at in 0..SIGNATURE.len() {
            let mut octets = SIGNATURE;
            octets[at] ^= 0x20;
            assert_eq!(read(&octets), Header::Absent);
            assert_eq!(read(&octets[..=at]), Header::Absent);
            assert_eq!(datagram(&octets), Some((&octets[..], None)));
        }
    }
}
