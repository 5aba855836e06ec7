//! What a policy changes: sizes, ECS, cookies, NSID, CHAOS, limits, extended errors.

use gslb_plane::engine::Engine;
use gslb_plane::respond::Transport;
use gslb_plane::tally::{Counter, Tally};
use serde_bytes::ByteBuf;

use super::world::{Policy, Reply, SOURCE, ask_packet, at, encode, opt, packet, read, serve, zone};

fn engine(policy: &Policy) -> Engine {
    let lines: Vec<String> = (1..=60).map(|n| format!("big 60 A 192.0.2.{n}")).collect();
    let engine = serve(&zone(&format!("www 60 A 192.0.2.1\n{}", lines.join("\n"))));
    engine.publisher.configure(&encode(policy)).unwrap();
    engine
}

fn ask_with(engine: &Engine, options: &[u8]) -> Reply {
    ask_packet(engine, &packet("www", "A", &[&opt(4096, 0, options)]), SOURCE, 1)
}

#[test]
fn the_payload_is_as_long_as_the_policy_says() {
    let engine = engine(&Policy { payload: 900, ..Policy::default() });
    let reply = ask_packet(&engine, &packet("big", "A", &[&opt(4096, 0, &[])]), SOURCE, 1);
    assert!(reply.tc() && reply.length <= 900);
    let query = packet("www", "A", &[&opt(4096, 0, &[])]);
    let reply = engine.respond(&query, SOURCE.parse().unwrap(), Transport::Udp, None).unwrap();
    assert_eq!(reply[reply.len() - 8..reply.len() - 6], 900u16.to_be_bytes());
    let engine = Engine::default();
    let fault = engine.publisher.configure(&encode(&Policy { payload: 511, ..Policy::default() }));
    assert!(fault.unwrap_err().to_string().contains("payload of 511"));
}

#[test]
fn a_table_that_no_memory_holds_is_refused() {
    let policy = Policy { rate: (1, 1, 24, 56, u32::MAX, Vec::new()), ..Policy::default() };
    let fault = Engine::default().publisher.configure(&encode(&policy)).unwrap_err();
    let sentence = "the policy: wants 4294967295 networks remembered; the most is 16777216";
    assert_eq!(fault.to_string(), sentence);
}

#[test]
fn a_subnet_from_others_is_as_an_unknown_option() {
    let ecs_from = vec![(ByteBuf::from([203, 0, 113, 0]), 24)];
    let engine = engine(&Policy { ecs_from, ..Policy::default() });
    let option = [0, 8, 0, 7, 0, 1, 24, 0, 10, 1, 2];
    let query = packet("www", "A", &[&opt(1232, 0, &option)]);
    assert_eq!(ask_packet(&engine, &query, "203.0.113.9", 1).opt, Some(option.to_vec()));
    assert_eq!(ask_packet(&engine, &query, "203.0.112.9", 1).opt, Some(vec![]));
}

#[test]
fn nsid_is_told_to_who_asks() {
    let engine = engine(&Policy { nsid: ByteBuf::from(*b"tokyo-1"), ..Policy::default() });
    assert_eq!(ask_with(&engine, &[0, 3, 0, 0]).opt.unwrap(), b"\0\x03\0\x07tokyo-1");
    assert_eq!(ask_with(&engine, &[]).opt, Some(vec![]));
}

#[test]
fn chaos_says_what_the_policy_lets_it_say() {
    let ask = |engine: &Engine, asked: &str| {
        let mut query = packet(asked, "TXT", &[&opt(1232, 0, &[])]);
        let at = query.len() - 11 - 1;
        query[at] = 3;
        engine.respond(&query, SOURCE.parse().unwrap(), Transport::Udp, None).unwrap()
    };
    let on = engine(&Policy {
        version: "gslb 1".to_owned(),
        identity: "tokyo".to_owned(),
        ..Policy::default()
    });
    for (asked, text) in [
        ("version.bind.", "gslb 1"),
        ("VERSION.server.", "gslb 1"),
        ("hostname.bind.", "tokyo"),
        ("id.server.", "tokyo"),
    ] {
        let reply = ask(&on, asked);
        assert_eq!((reply[3], reply[7]), (0, 1), "{asked}");
        let record = &reply[12 + asked.len() + 1 + 4..];
        let length = u8::try_from(text.len()).unwrap();
        let fixed = [0xc0, 12, 0, 16, 0, 3, 0, 0, 0, 0, 0, length + 1, length];
        assert_eq!(record[..13 + text.len()], [&fixed[..], text.as_bytes()].concat());
    }
    assert_eq!(ask(&on, "www.z.")[3], 5);
    let off = read(&ask(&engine(&Policy::default()), "version.bind."));
    assert_eq!((off.rcode, off.opt), (5, Some(vec![0, 15, 0, 2, 0, 18])));
}

#[test]
fn cookies_are_given_checked_and_asked_for() {
    let secrets = vec![ByteBuf::from([7; 16])];
    let policy = Policy { secrets, ..Policy::default() };
    let given = engine(&policy);
    let client = *b"12345678";
    let option = |server: &[u8]| {
        let length = u8::try_from(8 + server.len()).unwrap();
        opt(1232, 0, &[&[0, 10, 0, length], &client[..], server].concat())
    };
    let tally = Tally::default();
    let ask = |engine: &Engine, server: &[u8]| {
        at(engine, &packet("www", "A", &[&option(server)]), SOURCE, 1000, &tally).unwrap()
    };
    let reply = ask(&given, &[]);
    let cookie = reply.opt.clone().unwrap();
    assert_eq!((cookie.len(), &cookie[..12]), (28, &[&[0, 10, 0, 24], &client[..]].concat()[..]));
    assert_eq!(ask(&given, &cookie[12..]).opt.unwrap(), cookie);
    assert_eq!((tally.read(Counter::Cookies), tally.read(Counter::CookiesValid)), (2, 1));
    let required = engine(&Policy { cookies_required: true, ..policy });
    let refused = ask(&required, &[]);
    assert_eq!((refused.rcode, refused.answer.len(), refused.opt), (23, 0, Some(cookie.clone())));
    assert_eq!(ask(&required, &cookie[12..]).rcode, 0);
    assert_eq!(ask(&required, &[9; 16]).rcode, 23);
    let without = at(&required, &packet("www", "A", &[]), SOURCE, 1000, &tally).unwrap();
    assert_eq!(without.rcode, 0, "who knows no cookies is answered");
    for length in [7, 9, 15, 41] {
        let broken = opt(1232, 0, &[&[0, 10, 0, length], &vec![1; length.into()][..]].concat());
        let reply = at(&given, &packet("www", "A", &[&broken]), SOURCE, 1000, &tally).unwrap();
        assert_eq!(reply.rcode, 1, "{length}");
    }
}

#[test]
fn above_the_limit_answers_are_empty_and_truncated_or_dropped() {
    let secrets = vec![ByteBuf::from([7; 16])];
    let exempt = vec![(ByteBuf::from([198, 51, 100, 0]), 24)];
    let rate = (3, 2, 24, 56, 1024, exempt);
    let engine = engine(&Policy { secrets, rate, ..Policy::default() });
    let tally = Tally::default();
    let query = packet("www", "A", &[&opt(1232, 0, &[0, 3, 0, 0])]);
    let ask = |source: &str, now| at(&engine, &query, source, now, &tally);
    let whole = |reply: &Option<Reply>| reply.as_ref().is_some_and(|reply| !reply.tc());
    for host in 1..=3 {
        assert!(whole(&ask(&format!("192.0.2.{host}"), 50)), "one network of many hosts");
    }
    let slipped = ask("192.0.2.9", 50).unwrap();
    assert!(slipped.tc() && slipped.answer.is_empty());
    assert_eq!(slipped.length, query.len() - 4, "no longer than the question");
    assert_eq!(ask("192.0.2.9", 50), None);
    assert_eq!((tally.read(Counter::Limited), tally.read(Counter::DroppedLimited)), (1, 1));
    assert!(whole(&ask("192.0.3.1", 50)) && whole(&ask("192.0.2.1", 51)));
    for _ in 0..9 {
        assert!(whole(&ask("198.51.100.1", 50)), "exempt");
    }
    let cookie = opt(1232, 0, b"\0\x0a\0\x0812345678");
    let first = at(&engine, &packet("www", "A", &[&cookie]), "192.0.2.1", 50, &tally);
    let first =
        first.or_else(|| at(&engine, &packet("www", "A", &[&cookie]), "192.0.2.1", 50, &tally));
    let shown = opt(1232, 0, &first.unwrap().opt.unwrap());
    for _ in 0..9 {
        let reply = at(&engine, &packet("www", "A", &[&shown]), "192.0.2.1", 50, &tally);
        assert!(whole(&reply), "a right cookie is exempt");
    }
}

#[test]
fn errors_are_limited_too_and_only_what_is_answered_is_counted_as_answered() {
    let engine = engine(&Policy { rate: (2, 0, 24, 56, 1024, Vec::new()), ..Policy::default() });
    let good = packet("www", "A", &[&opt(1232, 0, &[])]);
    let mut notify = good.clone();
    notify[2] = 4 << 3;
    let mut no_question = good.clone();
    no_question[5] = 0;
    let mut outside = packet("www.elsewhere.", "A", &[]);
    outside[2] = 0;
    let bad_subnet = packet("www", "A", &[&opt(1232, 0, &[0, 8, 0, 1, 0])]);
    for (now, query) in (100..).zip([&notify, &no_question, &outside, &bad_subnet]) {
        let tally = Tally::default();
        let answered = (0..9).filter(|_| at(&engine, query, SOURCE, now, &tally).is_some());
        assert_eq!(answered.count(), 2);
        assert_eq!(tally.read(Counter::DroppedLimited), 7);
    }
    let tally = Tally::default();
    let answered = (0..9).filter(|_| at(&engine, &good, SOURCE, 200, &tally).is_some());
    assert_eq!((answered.count(), tally.read(Counter::Edns)), (2, 2));
}

#[test]
fn a_new_policy_keeps_what_was_counted() {
    let policy = Policy { rate: (1, 0, 24, 56, 1024, Vec::new()), ..Policy::default() };
    let engine = engine(&policy);
    let tally = Tally::default();
    let query = packet("www", "A", &[]);
    assert!(at(&engine, &query, SOURCE, 9, &tally).is_some());
    engine.publisher.configure(&encode(&Policy { payload: 900, ..policy })).unwrap();
    assert!(at(&engine, &query, SOURCE, 9, &tally).is_none());
}

#[test]
fn stale_answers_say_so() {
    let engine = engine(&Policy { stale: true, ..Policy::default() });
    assert_eq!(ask_with(&engine, &[]).opt, Some(vec![0, 15, 0, 2, 0, 3]));
}

#[test]
fn only_what_is_encrypted_is_padded() {
    let engine = engine(&Policy::default());
    let query = packet("www", "A", &[&opt(1232, 0, &[0, 12, 0, 2, 0, 0])]);
    let length =
        |transport| engine.respond(&query, SOURCE.parse().unwrap(), transport, None).unwrap().len();
    assert_eq!(length(Transport::Encrypted), 468);
    assert!(length(Transport::Tcp) < 100);
}
