//! First inputs for every target.

use crate::world::encode;
use crate::{everything, world};

/// For each target its name and its inputs.
#[must_use]
pub fn all() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let questions = questions();
    vec![
        ("respond", with_heads(&questions)),
        ("options", options()),
        ("documents", documents()),
        ("frames", frames(&questions)),
    ]
}

/// One question for each name and for each type, with all tails in turn; and the odd ones.
fn questions() -> Vec<Vec<u8>> {
    let (tails, types) = (everything::tails(), everything::TYPES);
    let by_name = everything::NAMES.iter().enumerate().map(|(at, asked)| {
        let tail = &tails[at % tails.len()];
        let additional: &[&[u8]] = if tail.is_empty() { &[] } else { &[tail] };
        world::packet(asked, types[at % 2], additional)
    });
    let by_type = types.iter().map(|rtype| world::packet("www", rtype, &[]));
    by_name.chain(by_type).chain(everything::oddities()).collect()
}

fn with_heads(questions: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let heads = (0u8..).map(|at| [at.wrapping_mul(5), at]);
    heads.zip(questions).map(|(head, question)| [&head[..], question].concat()).collect()
}

fn options() -> Vec<Vec<u8>> {
    let tails: [&[u8]; 6] = [
        &[0, 1, 24, 0, 0, 10, 1, 2],
        &[0, 2, 56, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 1],
        &[3, 8, 1, 2, 3, 4, 5, 6, 7, 8],
        &[4, 5, 0, 6, 20],
        &[7, 0, 15, 4, 1, 2, 3, 4],
        &[0, 1, 0, 0, 0, 4, 6, 0],
    ];
    let heads = (0..30u8).map(|at| [at, at, at, at, at, 4, 208, 0]);
    heads.zip(tails.iter().cycle()).map(|(head, tail)| [&head[..], tail].concat()).collect()
}

fn documents() -> Vec<Vec<u8>> {
    let small = world::zone("www 60 A 192.0.2.1\nmx 60 MX 10 www\n*.x 60 CNAME www\nd 60 DNAME e");
    let mut steered = everything::main_zone();
    steered.rrsets.truncate(4);
    let zones = [&small, &steered, &everything::lower_zone()].map(encode);
    let maps = [everything::map("few", 5), everything::map("many", 40)].map(|map| encode(&map));
    let policies = everything::policies().map(|policy| encode(&policy));
    let with = |kind: u8, document: &Vec<u8>| [&[kind][..], document].concat();
    let zones = zones.iter().map(|zone| with(0, zone));
    let maps = maps.iter().map(|map| with(1, map));
    let policies = policies.iter().map(|policy| with(2, policy));
    let built = (0..20u8).map(|at| {
        let choices = (0..200u8).map(|n| n.wrapping_mul(at.wrapping_mul(2) + 1).wrapping_add(at));
        with(3, &choices.collect())
    });
    zones.chain(maps).chain(policies).chain(built).collect()
}

fn frames(questions: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let framed = |question: &Vec<u8>| {
        let length = u16::try_from(question.len()).expect("a short question");
        [&length.to_be_bytes()[..], question].concat()
    };
    let heads: [&[u8]; 4] =
        [&[0, 1, 0], &[1, 2, 1, 0, 1], &[2, 3, 2, 0, 3, 0, 20], &[31, 4, 3, 0, 1, 0, 40, 0, 200]];
    let streams = questions.chunks(5).map(|some| some.iter().flat_map(framed).collect::<Vec<_>>());
    let heads = heads.iter().cycle();
    heads.zip(streams).map(|(head, stream)| [head, &stream[..]].concat()).collect()
}
