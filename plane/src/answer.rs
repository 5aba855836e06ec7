//! Putting an answer together: RFC 1034 section 4.3.2 inside one zone.
//!
//! ```text
//! the name, or the target of its alias, comes to
//!   a delegation             referral: NS in authority, glue in additional, AA clear
//!   nothing                  NXDOMAIN with SOA; after an alias too (RFC 6604 section 2.1)
//!   a CNAME                  the alias, then its target, as long as that is in the zone
//!   a VIP, asked A or AAAA   the ladder's choice
//!   data of the type         the RRset, and addresses of the names in it
//!   no such data             NODATA with SOA (RFC 2308)
//! ```
//!
//! A wildcard stands for a name that does not exist (RFC 4592); its records are owned by the name.

mod sections;

use crate::choose::{Choice, Draw, choose};
use crate::name::{Name, is_within};
use crate::random::Rng;
use crate::snapshot::{Address, Family, Found, Linked, NameId, Node, Rrset, Vip};
use crate::wire::reply::{Full, Owner, QUESTION, Reply, Section, Verdict};
use crate::wire::{Rcode, rtype};
use crate::witness::{Client, Lookup, Witness};

/// How many aliases are followed.
pub const MAX_LINKS: usize = 8;

/// What is asked, by whom.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The name, in lower case.
    pub name: Name<'q>,
    /// The type.
    pub qtype: u16,
    /// For whom.
    pub client: Client,
}

/// An answer in the making.
struct Answer<'a, 'b, W> {
    linked: &'a Linked,
    question: &'a Question<'a>,
    reply: &'a mut Reply<'b>,
    witness: &'a mut W,
    verdict: Verdict,
}

/// Answer a question from its zone into a reply; give what its header must say.
#[inline]
pub fn answer<W: Witness>(
    linked: &Linked,
    question: &Question<'_>,
    reply: &mut Reply<'_>,
    tools: (&mut Rng, &mut Draw),
    witness: &mut W,
) -> Verdict {
    let verdict =
        Verdict { rcode: Rcode::Noerror, authoritative: true, truncated: false, scope: 0 };
    let clean = reply.mark();
    let mut answer = Answer { linked, question, reply, witness, verdict };
    match answer.follow(tools) {
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
    fn follow(&mut self, tools: (&mut Rng, &mut Draw)) -> Result<(), Stop> {
        let zone = &*self.linked.zone;
        let mut name = self.question.name;
        let mut owner = Owner::At(QUESTION);
        let mut followed = [NameId::NONE; MAX_LINKS];
        for link in 0..=MAX_LINKS {
            let (node, lookup) = match zone.find(&name, self.question.qtype) {
                Found::Node(node) => (node, Lookup::Exact),
                Found::Wildcard(node) => (node, Lookup::Wildcard),
                Found::Cut(cut) => return self.refer(cut, &name, link == 0),
                Found::Nothing => {
                    self.witness.name(name.wire(), Lookup::Nxdomain);
                    self.verdict.rcode = Rcode::Nxdomain;
                    return self.deny();
                }
            };
            let Some(alias) = self.alias(node) else {
                return self.at_node(node, &name, owner, lookup, tools);
            };
            let place = self.put_rrset(Section::Answer, owner, alias, alias.ttl)?;
            let Some(target) = zone.alias_target(alias) else {
                return Ok(());
            };
            let next = zone.names.get(target);
            let seen = |id: &NameId| zone.names.get(*id).wire() == next.wire();
            let ends = link == MAX_LINKS
                || !is_within(next.wire(), &zone.origin)
                || self.question.name.wire() == next.wire()
                || followed.iter().take(link).any(seen);
            self.witness.name(name.wire(), if ends { Lookup::Cname } else { lookup });
            if ends {
                return Ok(());
            }
            if let Some(slot) = followed.get_mut(link) {
                *slot = target;
            }
            owner = place.map_or(Owner::Name(next), Owner::At);
            name = next;
        }
        Ok(())
    }

    /// The CNAME at a node, unless it is itself what is asked for. It is alone at its node.
    #[inline]
    fn alias(&self, node: &Node) -> Option<&'a Rrset> {
        if matches!(self.question.qtype, rtype::CNAME | rtype::ANY) {
            return None;
        }
        self.linked.zone.rrsets(node).first().filter(|rrset| rrset.rtype == rtype::CNAME)
    }

    /// Answer with what a node has.
    #[inline]
    fn at_node(
        &mut self,
        node: &Node,
        name: &Name<'_>,
        owner: Owner<'_>,
        lookup: Lookup,
        tools: (&mut Rng, &mut Draw),
    ) -> Result<(), Stop> {
        let zone = &*self.linked.zone;
        if let Some((vip, family)) = self.steered(node) {
            return self.put_choice(vip, family, name, owner, lookup, tools);
        }
        let rrset = match self.question.qtype {
            rtype::ANY => zone.rrsets(node).first(), // RFC 8482 section 4.1
            wanted => zone.rrset(node, wanted),
        };
        let Some(rrset) = rrset else {
            self.witness.name(name.wire(), Lookup::Nodata);
            return self.deny();
        };
        self.witness.name(name.wire(), lookup);
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
        name: &Name<'_>,
        owner: Owner<'_>,
        lookup: Lookup,
        (rng, draw): (&mut Rng, &mut Draw),
    ) -> Result<(), Stop> {
        let zone = &*self.linked.zone;
        let client = &self.question.client;
        let chosen =
            choose(self.linked, name.wire(), vip, family, client, (rng, draw), self.witness);
        self.verdict.scope = chosen.scope;
        let put = match chosen.choice {
            Choice::Members => {
                let members = draw.chosen().iter().filter_map(|&at| zone.members.get(at as usize));
                let addresses = members.map(|member| &member.address);
                self.put_members(owner, family, chosen.ttl, addresses)?
            }
            Choice::Addresses(span) => {
                let addresses = span.of(&zone.addresses).iter();
                let addresses = addresses.filter(|address| address.family() == family);
                self.put_members(owner, family, chosen.ttl, addresses)?
            }
            Choice::Nodata => false,
            Choice::Servfail => {
                self.witness.name(name.wire(), lookup);
                return Err(Stop::Servfail);
            }
        };
        self.witness.name(name.wire(), if put { lookup } else { Lookup::Nodata });
        if put { Ok(()) } else { self.deny() }
    }

    /// Put addresses as one RRset; false if there are none.
    #[inline]
    fn put_members<'m>(
        &mut self,
        owner: Owner<'_>,
        family: Family,
        ttl: u32,
        addresses: impl Iterator<Item = &'m Address>,
    ) -> Result<bool, Full> {
        let rtype = if family == Family::V4 { rtype::A } else { rtype::AAAA };
        let mark = self.reply.mark();
        let (mut owner, mut count) = (owner, 0);
        for address in addresses {
            let Ok(place) = self.reply.put_record(owner, rtype, ttl, address.octets()) else {
                self.reply.back_to(mark);
                return Err(Full);
            };
            owner = place.map_or(owner, Owner::At);
            self.witness.answered(address, ttl);
            count += 1;
        }
        self.reply.count(Section::Answer, count);
        Ok(count > 0)
    }
}
