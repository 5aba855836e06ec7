//! `_explain.NAME` TXT: a VIP tells the client that asks why it is answered as it is.
//!
//! Only where the policy wants it. It is the ladder's own decision, looked at by a [`Trace`]; a
//! draw that is left to chance is drawn anew. Text is made for it, so that this answer, alone of
//! all, allocates.

use super::{Answer, Stop};
use crate::choose::{Choice, Chosen, choose};
use crate::snapshot::{Family, Found, Vip, Zone};
use crate::trace::{Tier, Trace, TracedMember};
use crate::wire::reply::{Owner, QUESTION, Section};
use crate::wire::rtype;
use crate::witness::{Client, Lookup, Origin, Witness};

/// The label under which a VIP is explained, in wire form.
const LABEL: &[u8] = b"\x08_explain";

/// The most lines of one explanation: beyond them there are only more members.
const LINES: usize = 200;

/// The longest character-string, in octets (RFC 1035 section 3.3.14).
const LONGEST: usize = 255;

impl<W: Witness> Answer<'_, '_, W> {
    /// Explain the VIP whose name stands behind the label, of the world's revision; nothing if
    /// there is none, or if the name itself exists.
    #[cold]
    pub(super) fn explain(&mut self, revision: u64) -> Option<Result<(), Stop>> {
        let zone = &*self.linked.zone;
        let name = &self.question.asked.name();
        let owner = name.wire().strip_prefix(LABEL)?;
        if matches!(zone.find(name, self.question.qtype), Found::Node(_)) {
            return None;
        }
        let vip = zone.vip(zone.above(name)?)?;
        if !matches!(self.question.qtype, rtype::TXT | rtype::ANY) {
            self.witness.name(name.wire(), Lookup::Nodata);
            return Some(self.deny());
        }
        self.witness.name(name.wire(), Lookup::Exact);
        let lines = self.lines(revision, owner, vip);
        let mut data = Vec::new();
        for line in &lines {
            let line = shortened(line).as_bytes();
            data.push(u8::try_from(line.len()).unwrap_or(0));
            data.extend_from_slice(line);
        }
        let clean = self.reply.mark();
        if let Err(full) = self.reply.put_record(Owner::At(QUESTION), rtype::TXT, 0, &data) {
            self.reply.back_to(clean);
            return Some(Err(full.into()));
        }
        self.reply.count(Section::Answer, 1);
        self.witness.records(rtype::TXT, 0);
        Some(Ok(()))
    }

    /// Decide for every family, and tell of it.
    fn lines(&mut self, revision: u64, owner: &[u8], vip: &Vip) -> Vec<String> {
        let linked = self.linked;
        let client = &self.question.client;
        let mut lines = vec![format!("revision {revision}"), told_client(client)];
        for (at, family) in families(vip).enumerate() {
            let mut trace = Trace::new();
            let tools = (&mut *self.rng, &mut *self.draw);
            let chosen = choose(linked, owner, vip, family, client, tools, &mut trace);
            self.verdict.scope = self.verdict.scope.max(chosen.scope);
            if at == 0 {
                lines.push(told_map(&trace));
            }
            let word = word_of(vip, family);
            tell(&mut lines, word, (vip, family, &chosen), &trace, &linked.zone);
            if trace.steered.fallback == Some("vip") && chosen.choice == Choice::Members {
                let members = self.draw.chosen().iter();
                let members = members.filter_map(|&at| linked.zone.members.get(at as usize));
                let told = members.map(|member| linked.zone.told(member));
                lines
                    .extend(told.map(|told| format!("{word} {told}: of the VIP it falls back on")));
            }
        }
        if lines.len() > LINES {
            lines.truncate(LINES);
            lines.push("and more".to_owned());
        }
        lines
    }
}

/// The families that a VIP has; names are drawn as IPv4 is.
fn families(vip: &Vip) -> impl Iterator<Item = Family> + use<> {
    let (v4, v6) = (vip.has(Family::V4), vip.has(Family::V6));
    [(Family::V4, v4), (Family::V6, v6)].into_iter().filter_map(|(one, has)| has.then_some(one))
}

/// The type that a family is answered as.
fn word_of(vip: &Vip, family: Family) -> &'static str {
    match family {
        Family::V4 if vip.names => "CNAME",
        Family::V4 => "A",
        Family::V6 => "AAAA",
    }
}

fn told_client(client: &Client) -> String {
    let from = match client.origin {
        Origin::Ecs => "by ECS",
        Origin::Source => "by its source address",
        Origin::Proxy => "as the front end says",
    };
    format!("client {}/{} {from}", client.address, client.prefix)
}

fn told_map(trace: &Trace) -> String {
    match (&trace.steered.map, trace.steered.class, trace.steered.range_prefix) {
        (Some(map), Some(class), Some(prefix)) => {
            format!("map {map}, class {class}, range /{prefix}")
        }
        _ => "no map: the VIP has tiers of its own".to_owned(),
    }
}

/// Tell of one family's decision.
fn tell(
    lines: &mut Vec<String>,
    word: &str,
    (vip, family, chosen): (&Vip, Family, &Chosen),
    trace: &Trace,
    zone: &Zone,
) {
    if let Some(fallback) = trace.steered.fallback {
        lines.push(format!("{word}: nothing is live, fallback {fallback}"));
    }
    for tier in trace.steered.tiers.iter().filter(|tier| tier.chosen) {
        lines.push(told_tier(word, tier, trace.steered.tiers.len()));
        for pool in tier.pools.iter().filter(|pool| pool.chosen) {
            let percent = pool.share * 100.0;
            let (datacenter, weight) = (&pool.datacenter, pool.weight);
            lines.push(format!("{word}: pool {datacenter}, weight {weight}, share {percent:.1}%"));
            let chosen = pool.members.iter().filter(|member| member.chosen);
            lines.extend(chosen.map(|member| told_member(word, member)));
        }
    }
    match chosen.choice {
        Choice::Members => {}
        Choice::Addresses(span) => {
            let fitting = span.of(&zone.addresses).iter().filter(|one| one.family() == family);
            lines.extend(fitting.map(|address| format!("{word} {address}: last resort")));
        }
        Choice::Nodata => lines.push(format!("{word}: NODATA")),
        Choice::Servfail => lines.push(format!("{word}: SERVFAIL")),
    }
    let kept = if vip.sticky { ", sticky" } else { "" };
    lines.push(format!("{word}: TTL {}, scope /{}{kept}", chosen.ttl, chosen.scope));
}

fn told_tier(word: &str, tier: &Tier, count: usize) -> String {
    let datacenters = tier.datacenters.join(" ");
    format!("{word}: tier {} of {count} ({datacenters})", tier.tier + 1)
}

fn told_member(word: &str, member: &TracedMember) -> String {
    let percent = member.share * 100.0;
    let TracedMember { address, weight, configured, .. } = member;
    format!("{word} {address}: weight {weight} of {configured}, share {percent:.1}%")
}

/// As much of a line as a character-string holds.
fn shortened(line: &str) -> &str {
    let mut end = line.len().min(LONGEST);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.get(..end).unwrap_or_default()
}
