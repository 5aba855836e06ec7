//! DNAME (RFC 6672): the alias made of it, where it leads, and where it ends.

use super::world::{SOURCE, ask, ask_packet, opt, packet, serve, zone};

const ZONE: &str = "old 600 DNAME new
new 60 TXT x
www.new 60 A 192.0.2.1
deep.www.new 60 CNAME x.old
x.new 60 A 192.0.2.2
away 60 DNAME elsewhere.
round 60 DNAME round.round
long 60 DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.\
bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.\
ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
old 60 A 192.0.2.3
one 60 DNAME two
two 60 DNAME new
wild 60 DNAME stars
*.stars 60 A 192.0.2.4
child.sub 60 NS ns.elsewhere.
to 60 DNAME child.sub";

#[test]
fn a_name_below_is_renamed_and_followed() {
    let reply = ask(&serve(&zone(ZONE)), "www.old", "A");
    assert_eq!(
        reply.answer,
        ["old.z. 600 DNAME new.z.", "www.old.z. 600 CNAME www.new.z.", "www.new.z. 60 A 192.0.2.1"]
    );
    assert!(reply.aa());
}

#[test]
fn the_owner_keeps_its_own_data_and_is_not_renamed() {
    let engine = serve(&zone(ZONE));
    assert_eq!(ask(&engine, "old", "A").data(), ["192.0.2.3"]);
    assert_eq!(ask(&engine, "old", "DNAME").data(), ["new.z."]);
    assert_eq!(ask(&engine, "old", "AAAA").authority.len(), 1);
}

#[test]
fn what_is_not_there_is_denied_behind_the_new_name() {
    let engine = serve(&zone(ZONE));
    let nothing = ask(&engine, "nope.old", "A");
    assert_eq!((nothing.rcode, nothing.answer.len(), nothing.authority.len()), (3, 2, 1));
    let no_data = ask(&engine, "www.old", "AAAA");
    assert_eq!((no_data.rcode, no_data.answer.len(), no_data.authority.len()), (0, 2, 1));
}

#[test]
fn a_target_elsewhere_ends_the_answer_and_one_behind_a_cut_refers() {
    let engine = serve(&zone(ZONE));
    let away = ask(&engine, "a.b.away", "A");
    assert_eq!(away.answer[1], "a.b.away.z. 60 CNAME a.b.elsewhere.");
    assert_eq!((away.rcode, away.answer.len(), away.authority.len()), (0, 2, 0));
    let cut = ask(&engine, "x.to", "A");
    assert_eq!(cut.authority, ["child.sub.z. 60 NS ns.elsewhere."]);
    assert!(cut.aa(), "AA tells of the name first asked for");
}

#[test]
fn a_cname_question_gets_the_alias_and_nothing_behind_it() {
    let reply = ask(&serve(&zone(ZONE)), "www.old", "CNAME");
    assert_eq!(reply.answer.len(), 2);
}

#[test]
fn dnames_and_cnames_follow_each_other_and_wildcards_stand_for_new_names() {
    let engine = serve(&zone(ZONE));
    let chain = ask(&engine, "www.one", "A");
    assert_eq!(chain.data(), ["two.z.", "www.two.z.", "new.z.", "www.new.z.", "192.0.2.1"]);
    let both = ask(&engine, "deep.www.old", "A");
    assert_eq!(both.data(), ["new.z.", "deep.www.new.z.", "x.old.z.", "x.new.z.", "192.0.2.2"]);
    assert_eq!(ask(&engine, "any.wild", "A").data()[2..], ["192.0.2.4"]);
}

#[test]
fn a_name_that_grows_too_long_is_yxdomain() {
    let engine = serve(&zone(ZONE));
    let label = "x".repeat(60);
    let asked = format!("{}.long", &label[..56]);
    let query = packet(&asked, "A", &[&opt(1232, 0, &[])]);
    let fits = ask_packet(&engine, &query, SOURCE, 1);
    assert_eq!((fits.rcode, fits.answer.len()), (3, 2));
    let grown = ask(&engine, &format!("{label}.long"), "A");
    assert_eq!((grown.rcode, grown.answer.len(), grown.aa()), (6, 1, true));
    let endless = ask(&engine, "x.round", "A");
    assert_eq!(endless.answer.len(), 9, "eight links, and the DNAME of them all, once");
}

#[test]
fn no_record_stands_twice_in_a_loop() {
    let zone = zone("me 60 DNAME me\na 60 DNAME b\nb 60 DNAME a\nx.c 60 CNAME x.d\nd 60 DNAME c");
    let engine = serve(&zone);
    let lines = |asked: &str| ask(&engine, asked, "A").answer;
    assert_eq!(lines("x.me"), ["me.z. 60 DNAME me.z.", "x.me.z. 60 CNAME x.me.z."]);
    let round = ["a.z. 60 DNAME b.z.", "x.a.z. 60 CNAME x.b.z."];
    let back = ["b.z. 60 DNAME a.z.", "x.b.z. 60 CNAME x.a.z."];
    assert_eq!(lines("x.a"), [round, back].concat());
    let mixed = ["x.c.z. 60 CNAME x.d.z.", "d.z. 60 DNAME c.z.", "x.d.z. 60 CNAME x.c.z."];
    assert_eq!(lines("x.c"), mixed);
}

#[test]
fn at_the_apex_it_renames_all_but_the_apex() {
    let engine = serve(&zone("@ 60 DNAME other.\n@ 60 NS ns.other."));
    assert_eq!(ask(&engine, "@", "NS").answer.len(), 1);
    let reply = ask(&engine, "a.b", "A");
    assert_eq!(reply.answer, ["z. 60 DNAME other.", "a.b.z. 60 CNAME a.b.other."]);
}

#[test]
fn what_stands_below_a_dname_is_hidden() {
    let engine = serve(&zone("d 60 DNAME new\nx.d 60 A 192.0.2.66\nx.new 60 A 192.0.2.2"));
    assert_eq!(ask(&engine, "x.d", "A").data()[2..], ["192.0.2.2"]);
}
