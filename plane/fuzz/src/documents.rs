//! Documents, as the state folder or a publisher with a fault might hand them over: refused with a
//! sentence, or served; and what is served must be answered rightly, whatever stands in it.
//!
//! ```text
//! octet 0   0 a zone's octets, 1 a map's, 2 a policy's, 3 a zone built by choices
//! the rest  the document, or the choices
//! ```
//!
//! The plane takes a publisher's word for what only the compiler can see (data of types that it
//! does not know, a record that stands twice), so that is not looked at here.

use gslb_plane::engine::Engine;
use gslb_plane::respond::Transport;
use gslb_plane::snapshot::Release;
use serde_bytes::ByteBuf;

use crate::check::{Ask, Server};
use crate::choose::Choices;
use crate::respond::source;
use crate::world::{Map, Pool, Rrset, Vip, Zone, encode, name, packet, zone};
use crate::{everything, world};

/// Feed one input.
pub fn run(octets: &[u8]) {
    let mut choices = Choices(octets);
    match choices.octet() % 4 {
        0 => feed_zone(choices.0),
        1 => feed_map(choices.0),
        2 => feed_policy(choices.0),
        _ => feed_built(choices),
    }
}

fn release(engine: &Engine, zone: (&[u8], &[u8], &[u8]), maps: &[&[u8]]) -> Result<(), String> {
    let release = Release { revision: 1, zones: &[zone], maps, ..Release::default() };
    let done = engine.publisher.publish(&release);
    done.map(|_| ()).map_err(|fault| fault.to_string())
}

/// The maps of the world, so small that they need no directory, whose making takes a millisecond.
fn maps() -> [Map; 2] {
    [everything::map("few", 5), everything::map("many", 40)]
}

/// How many words a fault asks for.
fn wanted(fault: &str, what: &str) -> Option<usize> {
    let (before, _) = fault.split_once(&format!(" {what}s, whose words take"))?;
    before.rsplit_once("has ")?.1.parse().ok()
}

fn feed_zone(document: &[u8]) {
    let engine = Engine::default();
    let maps = maps().map(|map| encode(&map));
    let maps = maps.each_ref().map(Vec::as_slice);
    let (mut members, mut pools) = (Vec::new(), Vec::new());
    // The words must fit the document, which says only in a fault how many that are.
    for _ in 0..3 {
        match release(&engine, (document, &members, &pools), &maps) {
            Ok(()) => {
                let names: Vec<_> = everything::NAMES.iter().map(|text| name(text)).collect();
                return ask(engine, &names, document);
            }
            Err(fault) => {
                if let Some(count) = wanted(&fault, "member") {
                    members = words(count, document);
                } else if let Some(count) = wanted(&fault, "pool") {
                    pools = words(count, document);
                } else {
                    return;
                }
            }
        }
    }
}

/// Words of every kind: up, down, capped, as heavy as can be.
fn words(count: usize, salt: &[u8]) -> Vec<u8> {
    let kinds = [world::word(1), world::word(65535), world::capped(0, 5), u64::MAX, 0];
    let salt = salt.iter().fold(0, |sum, &octet| sum + usize::from(octet));
    (0..count).flat_map(|at| kinds[(at + salt) % kinds.len()].to_le_bytes()).collect()
}

/// A few names of the world, in a zone that is soon built.
fn small_world() -> Engine {
    let mut small = everything::main_zone();
    small.rrsets.retain(|rrset| !matches!(rrset.0.get(1..4), Some(b"hug" | b"big")));
    let engine = Engine::default();
    world::publish(&engine, &small, &maps().each_ref()).expect("a world");
    engine
}

fn feed_map(document: &[u8]) {
    let engine = small_world();
    let release = Release { revision: 2, maps: &[document], ..Release::default() };
    if engine.publisher.publish(&release).is_ok() {
        ask(engine, &[name("mapped"), name("mapsticky"), name("https")], document);
    }
}

fn feed_policy(document: &[u8]) {
    let engine = small_world();
    if engine.publisher.configure(document).is_ok() {
        ask(engine, &[name("www"), name("mx"), name("a.dn")], document);
    }
}

/// Ask for names, for whatever types and with whatever options the input comes to.
fn ask(engine: Engine, names: &[Vec<u8>], salt: &[u8]) {
    let payload = engine.publisher.world().policy.payload;
    let mut server = Server::new(engine, payload, 0);
    server.sound = false;
    let salt =
        salt.iter().fold(7u64, |sum, &octet| (sum ^ u64::from(octet)).wrapping_mul(0x100_0193));
    let tails = everything::tails();
    for (at, asked) in
        names.iter().cycle().skip(usize::from(salt.to_le_bytes()[0])).take(6).enumerate()
    {
        let number = usize::from(salt.to_le_bytes()[1]) + at;
        let tail = &tails[number % tails.len()];
        let additional: &[&[u8]] = if tail.is_empty() { &[] } else { &[tail] };
        let mut octets = packet(".", everything::TYPES[number % 12], additional);
        octets.splice(12..13, asked.iter().copied());
        let source = source(salt.to_le_bytes()[2]);
        let now = server.tick();
        let ask = Ask {
            octets: &octets,
            source,
            front_end: None,
            transport: Transport::Udp,
            seed: salt,
            now,
        };
        server.compare(&ask);
    }
}

fn feed_built(mut choices: Choices<'_>) {
    let salt = choices.0;
    let built = build(&mut choices);
    let counts = built.vips.iter().flat_map(|vip| &vip.pools);
    let members = counts.clone().map(|pool| pool.2.len()).sum();
    let (members, pools) = (words(members, salt), words(counts.count(), salt));
    let maps = maps().map(|map| encode(&map));
    let maps = maps.each_ref().map(Vec::as_slice);
    let engine = Engine::default();
    if release(&engine, (&encode(&built), &members, &pools), &maps).is_ok() {
        let owners = built.rrsets.iter().map(|rrset| &rrset.0);
        let owners = owners.chain(built.vips.iter().map(|vip| &vip.owner));
        let below = |owner: &ByteBuf| [&[1, b'x'][..], owner].concat();
        let names: Vec<Vec<u8>> = owners
            .flat_map(|owner| [owner.to_vec(), below(owner)])
            .filter(|n| n.len() < 256)
            .collect();
        ask(engine, &names, salt);
    }
}

fn build(choices: &mut Choices<'_>) -> Zone {
    let mut built = zone("");
    if choices.octet() == 1 {
        let origin = owner(choices);
        built.rrsets[0].0.clone_from(&origin);
        built.origin = origin;
    }
    built.maps = ["few", "many", "missing"][..usize::from(choices.octet() % 4)]
        .iter()
        .map(|&name| name.to_owned())
        .collect();
    while !choices.is_over() {
        if choices.octet() % 4 == 0 {
            built.vips.push(vip(choices));
        } else {
            built.rrsets.push(rrset(choices));
        }
    }
    built
}

fn owner(choices: &mut Choices<'_>) -> ByteBuf {
    let mut wire = match choices.octet() % 8 {
        0 => choices.fewer_than(256).to_vec(),
        1 => {
            let label = [&[63][..], &[choices.octet().to_ascii_lowercase(); 63]].concat();
            [label.repeat(usize::from(choices.octet() % 5)), name("@")].concat()
        }
        2 => [[1, choices.octet()].repeat(usize::from(choices.octet() % 128)), name("@")].concat(),
        _ => {
            let known: &&str = choices.one_of(&everything::NAMES);
            name(known)
        }
    };
    if choices.octet() % 8 == 0 {
        wire.splice(0..0, *b"\x01*");
    }
    if choices.octet() != 1 {
        wire.make_ascii_lowercase();
    }
    ByteBuf::from(wire)
}

fn rrset(choices: &mut Choices<'_>) -> Rrset {
    let rtype =
        *choices.one_of(&[1, 1, 2, 2, 5, 6, 12, 14, 15, 16, 28, 33, 39, 39, 43, 64, 65, 65280, 41]);
    let ttl = if choices.octet() == 1 { u32::from_be_bytes(choices.array()) } else { 60 };
    let owner = owner(choices);
    let count = 1 + choices.octet() % 3;
    let data = (0..count).map(|_| ByteBuf::from(data(rtype, choices)));
    Rrset(owner, rtype, ttl, data.collect())
}

fn data(rtype: u16, choices: &mut Choices<'_>) -> Vec<u8> {
    if choices.octet() % 16 == 0 {
        return choices.fewer_than(256).to_vec();
    }
    let target = owner(choices).into_vec();
    match rtype {
        1 => choices.array::<4>().to_vec(),
        28 => choices.array::<16>().to_vec(),
        2 | 5 | 12 | 39 => target,
        6 => [target, owner(choices).into_vec(), choices.array::<20>().to_vec()].concat(),
        14 => [target, owner(choices).into_vec()].concat(),
        15 | 64 | 65 => [choices.array::<2>().to_vec(), target].concat(),
        33 => [choices.array::<6>().to_vec(), target].concat(),
        _ => choices.fewer_than(2000).to_vec(),
    }
}

fn vip(choices: &mut Choices<'_>) -> Vip {
    let tiers = (0..choices.octet() % 4).map(|_| {
        let tier = (0..choices.octet() % 4).map(|_| u32::from(choices.octet() % 4));
        tier.collect()
    });
    let tiers = tiers.collect();
    let pools = (0..choices.octet() % 4).map(|_| {
        let members =
            (0..choices.octet() % 5).map(|_| (address(choices), u32::from(choices.word())));
        let members = members.collect();
        Pool(u32::from(choices.octet() % 4), choices.word().into(), members, choices.word().into())
    });
    let pools = pools.collect();
    let kind = choices.octet() % 5;
    let addresses = (0..choices.octet() % 3).map(|_| address(choices));
    Vip {
        fallback: (kind, addresses.collect(), -1, i64::from(choices.octet() % 4) - 1),
        owner: owner(choices),
        ttl: choices.word().into(),
        answers: u32::from(choices.octet() % 4),
        sticky: choices.octet() % 2 == 1,
        map: i32::from(choices.octet() % 5) - 2,
        tiers,
        pools,
        steady: choices.octet() % 2 == 1,
        prefixes: (choices.octet() % 34, choices.octet() % 66),
    }
}

fn address(choices: &mut Choices<'_>) -> ByteBuf {
    ByteBuf::from(match choices.octet() % 8 {
        0 => choices.fewer_than(20).to_vec(),
        1..=4 => choices.array::<4>().to_vec(),
        _ => choices.array::<16>().to_vec(),
    })
}
