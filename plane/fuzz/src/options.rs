//! A valid query with an OPT record of any options, well formed or not, and what they must lead to.
//!
//! The input is read as choices: policy and source, name and type, payload size, flags, then one
//! option after the other.

use gslb_plane::respond::Transport;

use crate::check::{Ask, Server};
use crate::choose::Choices;
use crate::respond::{servers, source};
use crate::{everything, world};

thread_local! {
    static SERVERS: Vec<Server> = servers();
}

/// What a well-read server makes of the options.
#[derive(Default)]
struct Expected {
    malformed: bool,
    subnets: u32,
}

/// Feed one input.
///
/// # Panics
/// If a reply is not as the options want it.
pub fn run(octets: &[u8]) {
    let mut choices = Choices(octets);
    SERVERS.with(|servers| {
        let server = choices.one_of(servers);
        let (source, seed) = (source(choices.octet()), choices.octet());
        let (name, rtype) =
            (*choices.one_of(&everything::NAMES), *choices.one_of(&everything::TYPES));
        let (payload, version) = (choices.word(), u8::from(choices.octet() == 1));
        let mut expected = Expected::default();
        let mut options = Vec::new();
        let right = right_cookie(server, source);
        while !choices.is_over() && options.len() < 2000 {
            let (code, data) = option(&mut choices, &mut expected, right.as_deref());
            options.extend(code.to_be_bytes());
            options.extend(u16::try_from(data.len()).expect("a short option").to_be_bytes());
            options.extend(data);
        }
        let octets = world::packet(name, rtype, &[&world::opt(payload, version, &options)]);
        let transport = Transport::Udp;
        let ask = Ask {
            octets: &octets,
            source,
            front_end: None,
            transport,
            seed: seed.into(),
            now: server.tick(),
        };
        server.compare(&ask);
        let (message, _) = server.ask(&Ask { transport: Transport::Tcp, ..ask }).expect("a reply");
        let malformed = version == 0 && (expected.malformed || expected.subnets > 1);
        match (version, malformed) {
            (1, _) => assert_eq!(message.rcode, 16, "BADVERS"),
            (_, true) => assert_eq!(message.rcode, 1, "FORMERR"),
            (_, false) => assert!(!matches!(message.rcode, 1 | 16), "rcode {}", message.rcode),
        }
    });
}

/// A cookie that the server itself has given to this source.
fn right_cookie(server: &Server, source: std::net::IpAddr) -> Option<Vec<u8>> {
    let option = world::opt(1232, 0, &[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    let octets = world::packet("ns", "A", &[&option]);
    let ask = Ask {
        octets: &octets,
        source,
        front_end: None,
        transport: Transport::Tcp,
        seed: 0,
        now: server.tick(),
    };
    let (message, _) = server.ask(&ask)?;
    message.opt?.option(10).map(<[u8]>::to_vec)
}

fn option(
    choices: &mut Choices<'_>,
    expected: &mut Expected,
    right: Option<&[u8]>,
) -> (u16, Vec<u8>) {
    match choices.octet() % 10 {
        0..=2 => {
            let (family, source) = (u16::from(choices.octet() % 4), choices.octet());
            let scope = u8::from(choices.octet() == 1);
            let count = match choices.octet() {
                0..=200 => usize::from(source).div_ceil(8),
                other => usize::from(other % 20),
            };
            let mut address = choices.octets(count).to_vec();
            address.resize(count, 0);
            expected.subnets += 1;
            expected.malformed |= !is_subnet(family, source, scope, &address);
            let head = [0, u8::try_from(family).expect("below 4"), source, scope];
            (8, [&head[..], &address].concat())
        }
        3 => {
            let data = choices.fewer_than(44).to_vec();
            expected.malformed |= !matches!(data.len(), 8 | 16..=40);
            (10, data)
        }
        4 => (10, right.map_or_else(|| vec![7; 8], <[u8]>::to_vec)),
        5 => (3, choices.fewer_than(4).to_vec()),
        6 => (12, vec![0; usize::from(choices.octet())]),
        _ => {
            let code = choices.word();
            let code = if matches!(code, 8 | 10) { 9 } else { code };
            (code, choices.fewer_than(300).to_vec())
        }
    }
}

/// RFC 7871 section 6: the address is as long as the source prefix wants it, zero behind it.
fn is_subnet(family: u16, source: u8, scope: u8, address: &[u8]) -> bool {
    let most = match family {
        0 => 0,
        1 => 32,
        2 => 128,
        _ => return false,
    };
    let mut padded = address.to_vec();
    padded.resize(16, 0);
    let bits = <[u8; 16]>::try_from(&padded[..]).map(u128::from_be_bytes);
    let beyond = u128::MAX.checked_shr(source.into()).unwrap_or(0);
    scope == 0
        && source <= most
        && address.len() == usize::from(source).div_ceil(8)
        && bits.is_ok_and(|bits| bits & beyond == 0)
}
