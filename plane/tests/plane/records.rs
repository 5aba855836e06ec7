//! RFC 1034 section 4.3.2, RFC 2308, RFC 4592, RFC 6604; cases as tables over one zone.

use super::world::{Reply, ask, serve, zone};

const ZONE: &str = "@ 60 NS ns
ns 60 A 192.0.2.53
www 60 A 192.0.2.1
www 60 A 192.0.2.2
www 60 TXT text
mail 60 MX 10 www
mail 60 MX 20 www.elsewhere.
srv 60 SRV www
one 10 CNAME two
two 20 CNAME www
gone 10 CNAME nothing
out 10 CNAME www.elsewhere.
loop1 10 CNAME loop2
loop2 10 CNAME loop1
into 10 CNAME x.child
*.wild 60 A 192.0.2.7
a.b.wild 60 A 192.0.2.8
*.alias 60 CNAME www
child 90 NS ns.child
ns.child 90 A 192.0.2.9
deep.child 90 TXT hidden
odd 60 TYPE65280 data";

const SOA: &str = "z. 300 SOA ns.z.";

struct Case {
    asked: &'static str,
    rtype: &'static str,
    rcode: u16,
    aa: bool,
    answer: &'static [&'static str],
    authority: &'static [&'static str],
    additional: &'static [&'static str],
}

const DEFAULT: Case = Case {
    asked: "",
    rtype: "A",
    rcode: 0,
    aa: true,
    answer: &[],
    authority: &[],
    additional: &[],
};

const fn yes(asked: &'static str, rtype: &'static str, answer: &'static [&'static str]) -> Case {
    Case { asked, rtype, answer, ..DEFAULT }
}

const fn no(asked: &'static str, rtype: &'static str, rcode: u16) -> Case {
    Case { asked, rtype, rcode, authority: &[SOA], ..DEFAULT }
}

const fn refer(asked: &'static str, rtype: &'static str) -> Case {
    Case {
        asked,
        rtype,
        aa: false,
        authority: &["child.z. 90 NS ns.child.z."],
        additional: &["ns.child.z. 90 A 192.0.2.9"],
        ..DEFAULT
    }
}

const CASES: &[Case] = &[
    yes("www", "A", &["www.z. 60 A 192.0.2.1", "www.z. 60 A 192.0.2.2"]),
    yes("WwW", "TXT", &["WwW.z. 60 TXT 74657874"]),
    yes("odd", "TYPE65280", &["odd.z. 60 TYPE65280 64617461"]),
    Case {
        additional: &["www.z. 60 A 192.0.2.1", "www.z. 60 A 192.0.2.2"],
        ..yes("mail", "MX", &["mail.z. 60 MX 10 www.z.", "mail.z. 60 MX 20 www.elsewhere."])
    },
    Case {
        additional: &["www.z. 60 A 192.0.2.1", "www.z. 60 A 192.0.2.2"],
        ..yes("srv", "SRV", &["srv.z. 60 SRV 00000000000003777777017a00"])
    },
    yes(
        "one",
        "TXT",
        &["one.z. 10 CNAME two.z.", "two.z. 20 CNAME www.z.", "www.z. 60 TXT 74657874"],
    ),
    yes("one", "CNAME", &["one.z. 10 CNAME two.z."]),
    Case { answer: &["gone.z. 10 CNAME nothing.z."], ..no("gone", "A", 3) },
    yes("out", "A", &["out.z. 10 CNAME www.elsewhere."]),
    yes("loop1", "A", &["loop1.z. 10 CNAME loop2.z.", "loop2.z. 10 CNAME loop1.z."]),
    Case { aa: true, answer: &["into.z. 10 CNAME x.child.z."], ..refer("into", "A") },
    yes("x.y.alias", "TXT", &["x.y.alias.z. 60 CNAME www.z.", "www.z. 60 TXT 74657874"]),
    yes("any.wild", "A", &["any.wild.z. 60 A 192.0.2.7"]),
    no("any.wild", "TXT", 0),
    no("b.wild", "A", 0),
    no("c.b.wild", "A", 3),
    yes("*.wild", "A", &["*.wild.z. 60 A 192.0.2.7"]),
    no("wild", "A", 0),
    no("www", "AAAA", 0),
    no("x.www", "A", 3),
    no("nope", "MX", 3),
    refer("child", "A"),
    refer("child", "NS"),
    refer("x.y.child", "DS"),
    refer("deep.child", "TXT"),
    refer("ns.child", "A"),
    no("child", "DS", 0),
    no("@", "DS", 0),
    Case { rcode: 5, aa: false, ..yes("www.elsewhere.", "A", &[]) },
    Case { rcode: 5, aa: false, ..yes(".", "NS", &[]) },
    Case { rcode: 5, aa: false, ..yes("@", "AXFR", &[]) },
    Case { rcode: 5, aa: false, ..yes("@", "IXFR", &[]) },
];

#[test]
fn every_case() {
    let engine = serve(&zone(ZONE));
    for case in CASES {
        let reply = ask(&engine, case.asked, case.rtype);
        let about = format!("{} {}: {reply:?}", case.asked, case.rtype);
        assert_eq!(reply.rcode, case.rcode, "{about}");
        assert_eq!(reply.aa(), case.aa, "{about}");
        assert_eq!(reply.answer, case.answer, "{about}");
        assert_eq!(reply.authority, case.authority, "{about}");
        assert_eq!(reply.additional, case.additional, "{about}");
        assert!(!reply.tc(), "{about}");
    }
}

#[test]
fn a_chain_longer_than_eight_links_ends() {
    let lines: Vec<String> = (0..20).map(|n| format!("c{n} 5 CNAME c{}", n + 1)).collect();
    let reply = ask(&serve(&zone(&lines.join("\n"))), "c0", "A");
    assert_eq!((reply.rcode, reply.answer.len()), (0, 9));
}

#[test]
fn any_gives_one_rrset() {
    let engine = serve(&zone(ZONE));
    assert_eq!(ask(&engine, "www", "ANY").answer.len(), 2);
    assert_eq!(ask(&engine, "one", "ANY").answer, ["one.z. 10 CNAME two.z."]);
    assert_eq!(ask(&engine, "wild", "ANY").authority, [SOA]);
}

#[test]
fn record_data_keeps_its_case_and_owners_take_that_of_the_question() {
    let engine = serve(&zone(ZONE));
    let reply = ask(&engine, "MAIL.Z.", "MX");
    assert_eq!(reply.answer, ["MAIL.Z. 60 MX 10 www.z.", "MAIL.Z. 60 MX 20 www.elsewhere."]);
    assert_eq!(ask(&engine, "nope.Z.", "A").authority, ["Z. 300 SOA ns.z."]);
}

#[test]
fn names_are_compressed() {
    let lines: Vec<String> = (0..13).map(|n| format!("@ 60 NS {n}.servers.example.")).collect();
    let reply = ask(&serve(&zone(&lines.join("\n"))), "@", "NS");
    assert_eq!(reply.answer.len(), 13);
    // Header, question, the first record with its whole name, the others with one label each.
    assert_eq!(reply.length, 12 + 7 + (12 + 19) + 9 * (12 + 4) + 3 * (12 + 5), "{reply:?}");
}

#[test]
fn the_root_can_be_a_zone() {
    let mut root = zone("www.z. 60 A 192.0.2.1");
    root.origin = vec![0].into();
    root.rrsets[0].0 = vec![0].into();
    let engine = serve(&root);
    assert_eq!(ask(&engine, "www.z.", "A").data(), ["192.0.2.1"]);
    let reply: Reply = ask(&engine, "x.y.", "A");
    assert_eq!((reply.rcode, reply.authority), (3, vec![". 300 SOA ns.z.".to_owned()]));
}
