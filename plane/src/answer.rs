//! Putting an answer together: RFC 1034 section 4.3.2 inside one zone.
//!
//! ```text
//! the name, or the target of its alias, comes to
//!   a delegation             referral: NS in authority, glue in additional, AA clear
//!   nothing                  NXDOMAIN with SOA; after an alias too (RFC 6604 section 2.1)
//!   a DNAME above it         the DNAME and the alias made of it, then its target (RFC 6672)
//!   a CNAME                  the alias, then its target, as long as that is in the zone
//!   a VIP of names           a CNAME to the ladder's choice, then its target
//!   a VIP, asked A or AAAA   the ladder's choice
//!   data of the type         the RRset, and addresses of the names in it
//!   no such data             NODATA with SOA (RFC 2308)
//! ```
//!
//! Before all that, `_explain` above a VIP's name tells of the ladder, where the policy wants it.
//!
//! A wildcard stands for a name that does not exist (RFC 4592); its records are owned by the name.

mod chain;
mod explain;
mod hints;
mod sections;

use self::chain::Chain;
pub use self::hints::Hints;
use crate::asked::Asked;
use crate::choose::{Choice, Draw, choose};
use crate::name::{Name, Split};
use crate::random::Rng;
use crate::snapshot::{Body, Family, Found, Linked, Node, Rrset, Vip};
use crate::tally::Tally;
use crate::wire::edns::ExtendedError;
use crate::wire::reply::{Full, Owner, QUESTION, Reply, Section, Verdict};
use crate::wire::{Rcode, rtype};
use crate::witness::{Client, Lookup, Witness};

/// How many aliases are followed.
pub const MAX_LINKS: usize = 8;

/// What is asked, by whom.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The name.
    pub asked: &'q Asked,
    /// The type.
    pub qtype: u16,
    /// For whom.
    pub client: Client,
    /// The world's revision, if `_explain` names are answered.
    pub explain: Option<u64>,
}

/// What a thread lends to an answer.
#[derive(Debug)]
pub struct Tools<'t> {
    /// For draws.
    pub rng: &'t mut Rng,
    /// Room for draws.
    pub draw: &'t mut Draw,
    /// Room for the addresses in hints.
    pub hints: &'t mut Hints,
    /// Room for the names that DNAMEs make, one each.
    pub renamed: &'t mut [Split],
    /// Where answers of VIPs are counted.
    pub tally: &'t Tally,
}

/// An answer in the making.
struct Answer<'a, 'b, W> {
    linked: &'a Linked,
    question: &'a Question<'a>,
    reply: &'a mut Reply<'b>,
    rng: &'a mut Rng,
    draw: &'a mut Draw,
    hints: &'a mut Hints,
    /// The VIP whose addresses are in `hints`.
    hinted: Option<u32>,
    tally: &'a Tally,
    witness: &'a mut W,
    verdict: Verdict,
}

/// Answer a question into a reply, from its zone and what its name comes to there; give what its
/// header must say.
#[inline]
pub fn answer<W: Witness>(
    (linked, found): (&Linked, Found<'_>),
    question: &Question<'_>,
    reply: &mut Reply<'_>,
    tools: Tools<'_>,
    witness: &mut W,
) -> Verdict {
    let verdict = Verdict { authoritative: true, ..Verdict::of(Rcode::Noerror, None) };
    let clean = reply.mark();
    let Tools { rng, draw, hints, renamed, tally } = tools;
    let hinted = None;
    let mut answer =
        Answer { linked, question, reply, rng, draw, hints, hinted, tally, witness, verdict };
    match answer.follow(found, renamed) {
        Ok(()) => {}
        Err(Stop::Full) => answer.verdict.truncated = true,
        Err(Stop::Servfail) => {
            answer.reply.back_to(clean);
            answer.verdict.rcode = Rcode::Servfail;
            answer.verdict.authoritative = false;
        }
    }
    answer.verdict
}

/// Why an answer ends early.
enum Stop {
    Full,
    Servfail,
}

impl From<Full> for Stop {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

impl<'a, W: Witness> Answer<'a, '_, W> {
    /// Take the name, and then the targets of aliases.
    #[inline]
    fn follow(&mut self, found: Found<'a>, renamed: &'a mut [Split]) -> Result<(), Stop> {
        let asked = self.question.asked;
        let Found::Node(node) = found else {
            let explained = self.question.explain.and_then(|revision| self.explain(revision));
            return match (explained, found) {
                (Some(done), _) => done,
                (None, Found::Nothing) => self.deny_name(&asked.name()),
                (None, found) => self.follow_on(found, renamed),
            };
        };
        // Most names exist and are no aliases.
        if let Some((records, count)) = self.plain(node) {
            self.reply.put(records)?;
            self.reply.count(Section::Answer, count);
            Ok(())
        } else if self.alias(node).is_none() && self.named(node).is_none() {
            self.at_node(node, || asked.name(), Owner::At(QUESTION), Lookup::Exact)
        } else {
            self.follow_on(found, renamed)
        }
    }

    /// Take the targets of aliases, from what the name comes to on.
    fn follow_on(&mut self, found: Found<'a>, renamed: &'a mut [Split]) -> Result<(), Stop> {
        let zone = &*self.linked.zone;
        let (mut found, mut name) = (found, self.question.asked.name());
        let mut owner = Owner::At(QUESTION);
        let mut chain = Chain::new(name.wire(), renamed);
        loop {
            let (node, lookup) = match found {
                Found::Node(node) => (node, Lookup::Exact),
                Found::Wildcard(node) => (node, Lookup::Wildcard),
                Found::Cut(cut) => return self.refer(cut, &name, chain.links == 0),
                Found::Dname(dname) => {
                    match self.rename(dname, &name, owner, &mut chain)? {
                        Some(next) => (name, owner) = next,
                        None => return Ok(()),
                    }
                    found = zone.find(&name, self.question.qtype);
                    continue;
                }
                Found::Nothing => return self.deny_name(&name),
            };
            let (place, next) = if let Some(vip) = self.named(node) {
                match self.put_drawn_alias(vip, &name, owner, lookup)? {
                    Some(drawn) => drawn,
                    None => return self.deny(),
                }
            } else if let Some(alias) = self.alias(node) {
                let place = self.put_rrset(Section::Answer, owner, alias, alias.ttl)?;
                let Some(target) = zone.alias_target(alias) else {
                    return Ok(());
                };
                (place, zone.names.get(target))
            } else {
                return self.at_last(node, name, owner, lookup);
            };
            let asked = matches!(self.question.qtype, rtype::CNAME | rtype::ANY);
            if asked {
                self.witness.name(name.wire(), lookup);
                return Ok(());
            }
            let ends = !chain.add(next.wire(), &zone.origin);
            self.witness.name(name.wire(), if ends { Lookup::Cname } else { lookup });
            if ends {
                return Ok(());
            }
            owner = place.map_or(Owner::Name(next), Owner::At);
            name = next;
            found = zone.find(&name, self.question.qtype);
        }
    }

    /// Deny a name.
    #[inline]
    fn deny_name(&mut self, name: &Name<'_>) -> Result<(), Stop> {
        self.witness.name(name.wire(), Lookup::Nxdomain);
        self.verdict.rcode = Rcode::Nxdomain;
        self.deny()
    }

    /// Put a DNAME and the alias that it makes of a name below it; give the new name and where it
    /// stands, or nothing if the answer ends here.
    #[cold]
    fn rename(
        &mut self,
        dname: &Node,
        name: &Name<'a>,
        owner: Owner<'a>,
        chain: &mut Chain<'a>,
    ) -> Result<Option<(Name<'a>, Owner<'a>)>, Stop> {
        let zone = &*self.linked.zone;
        let above = zone.names.get(zone.veil_name(dname));
        let (Some((rrset, target)), Some(room)) = (zone.dname(dname), chain.room()) else {
            self.witness.name(name.wire(), Lookup::Dname);
            return Ok(None);
        };
        if !chain.came_below(above.wire()) {
            self.put_rrset(Section::Answer, Owner::Name(above), rrset, rrset.ttl)?;
        }
        self.witness.name(name.wire(), Lookup::Dname);
        let kept = name.wire().len().saturating_sub(above.wire().len());
        if !room.join(name.wire().get(..kept).unwrap_or_default(), target) {
            self.verdict.rcode = Rcode::Yxdomain;
            return Ok(None);
        }
        let next = room.name();
        let place = self.put_alias(owner, &next, rrset.ttl)?;
        let goes_on = chain.add(next.wire(), &zone.origin);
        let ends = self.question.qtype == rtype::CNAME || !goes_on;
        Ok((!ends).then(|| (next, place.map_or(Owner::Name(next), Owner::At))))
    }

    /// The CNAME at a node, unless it is itself what is asked for. It is alone at its node.
    #[inline]
    fn alias(&self, node: &Node) -> Option<&'a Rrset> {
        if matches!(self.question.qtype, rtype::CNAME | rtype::ANY) {
            return None;
        }
        self.linked.zone.rrsets(node).first().filter(|rrset| rrset.rtype == rtype::CNAME)
    }

    /// The VIP at a node, if its members are names. It is alone at its node.
    #[inline]
    fn named(&self, node: &Node) -> Option<&'a Vip> {
        self.linked.zone.vip(node).filter(|vip| vip.names)
    }

    /// Put an alias to the name that the ladder draws; give where that stands and what it is, or
    /// nothing if none is answered.
    #[inline(never)]
    fn put_drawn_alias(
        &mut self,
        vip: &Vip,
        name: &Name<'_>,
        owner: Owner<'_>,
        lookup: Lookup,
    ) -> Result<Option<(Option<u16>, Name<'a>)>, Stop> {
        let zone = &*self.linked.zone;
        let client = &self.question.client;
        let tools = (&mut *self.rng, &mut *self.draw);
        let chosen = choose(self.linked, name.wire(), vip, Family::V4, client, tools, self.witness);
        self.verdict.scope = self.verdict.scope.max(chosen.scope);
        if chosen.last_resort {
            self.verdict.error = Some(ExtendedError::LastResort);
        }
        self.tally.count_slot(chosen.slot);
        let drawn = self.draw.chosen().first().filter(|_| chosen.choice == Choice::Members);
        let member = drawn.and_then(|&at| zone.members.get(at as usize));
        match (chosen.choice, member) {
            (Choice::Servfail, _) => {
                self.witness.name(name.wire(), lookup);
                Err(Stop::Servfail)
            }
            (Choice::Members, Some(member)) => {
                let target = zone.names.get(member.name);
                let place = self.put_alias(owner, &target, chosen.ttl)?;
                Ok(Some((place, target)))
            }
            _ => {
                self.witness.name(name.wire(), Lookup::Nodata);
                Ok(None)
            }
        }
    }

    /// Do as [`Self::at_node`] does, behind aliases or by a wildcard.
    #[inline(never)]
    fn at_last(
        &mut self,
        node: &Node,
        name: Name<'a>,
        owner: Owner<'_>,
        lookup: Lookup,
    ) -> Result<(), Stop> {
        self.at_node(node, || name, owner, lookup)
    }

    /// Answer with what a node has.
    #[expect(clippy::inline_always, reason = "its one hot caller is the answer of most questions")]
    #[inline(always)]
    fn at_node(
        &mut self,
        node: &Node,
        name: impl Fn() -> Name<'a>,
        owner: Owner<'_>,
        lookup: Lookup,
    ) -> Result<(), Stop> {
        let zone = &*self.linked.zone;
        if let Some((vip, family)) = self.steered(node) {
            return self.put_choice(vip, family, &name, owner, lookup);
        }
        let rrset = match self.question.qtype {
            rtype::ANY => zone.rrsets(node).first(), // RFC 8482 section 4.1
            wanted => zone.rrset(node, wanted),
        };
        let Some(rrset) = rrset else {
            self.witness.name(name().wire(), Lookup::Nodata);
            return self.deny();
        };
        self.witness.name(name().wire(), lookup);
        if let Body::Services(services) = rrset.body {
            self.draw_hints(services, Some(&name()));
        }
        self.put_rrset(Section::Answer, owner, rrset, rrset.ttl)?;
        if !rrset.targets.is_empty() {
            // What does not fit here is left out without a word (RFC 2181 section 9).
            let _ = self.put_addresses(rrset);
        }
        Ok(())
    }

    /// The VIP at a node and the family asked for, if this is a question to the ladder.
    #[inline]
    fn steered(&self, node: &Node) -> Option<(&'a Vip, Family)> {
        let vip = self.linked.zone.vip(node)?;
        let family = match self.question.qtype {
            rtype::A => Family::V4,
            rtype::ANY if vip.has(Family::V4) => Family::V4,
            rtype::AAAA | rtype::ANY => Family::V6,
            _ => return None,
        };
        Some((vip, family))
    }

    /// Answer with what the ladder chooses.
    #[inline]
    fn put_choice(
        &mut self,
        vip: &Vip,
        family: Family,
        name: &impl Fn() -> Name<'a>,
        owner: Owner<'_>,
        lookup: Lookup,
    ) -> Result<(), Stop> {
        let client = &self.question.client;
        let tools = (&mut *self.rng, &mut *self.draw);
        let chosen = choose(self.linked, name().wire(), vip, family, client, tools, self.witness);
        self.verdict.scope = self.verdict.scope.max(chosen.scope);
        if chosen.last_resort {
            self.verdict.error = Some(ExtendedError::LastResort);
        }
        self.tally.count_slot(chosen.slot);
        if chosen.choice == Choice::Servfail {
            self.witness.name(name().wire(), lookup);
            return Err(Stop::Servfail);
        }
        let put = match self.draw.chosen() {
            &[only] if chosen.choice == Choice::Members => {
                self.put_only(only, owner, chosen.ttl)?
            }
            _ => self.put_chosen(Section::Answer, owner, family, &chosen)?,
        };
        self.witness.name(name().wire(), if put { lookup } else { Lookup::Nodata });
        if put { Ok(()) } else { self.deny() }
    }
}
