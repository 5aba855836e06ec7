//! The ladder: which members of a VIP answer this client.
//!
//! ```text
//! tiers of the client, in order           of its class in the VIP's map, or of the VIP itself
//!   pools of the tier's datacenters       live: pool weight > 0 and a live member of the family
//!     members of the family               live: effective weight > 0
//! the first tier with a live pool answers: draw a pool by weight, then members by weight
//! no tier has one: the fallback
//! ```
//!
//! A pool may *shed* a share of its clients, by a hash of their networks: for these it is passed
//! over, as if it were not live. Where all live pools of a ladder shed a client, one of them is drawn
//! all the same, in proportion to capacity: nobody is refused.
//!
//! Each word is read once, so that a draw is of one moment although words change under it. Where
//! one member is answered, the shares are remembered until a word changes ([`flat`]).
//! Sticky draws rank by a hash of the client network in the place of random bits: weighted
//! rendezvous hashing, where a lost member moves only its own clients.

mod climb;
mod flat;

use self::climb::Climb;
use self::flat::{Key, Memory};
use crate::random::Rng;
use crate::snapshot::{Fallback, Family, Ladders, Link, Linked, Span, Steer, Vip};
use crate::tally::NO_SLOT;
use crate::witness::{Basis, Candidate, Client, Witness};

/// What a steered name answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The members left in [`Draw::chosen`].
    Members,
    /// These of the zone's fallback addresses, as far as they are of the family.
    Addresses(Span),
    /// No addresses.
    Nodata,
    /// SERVFAIL.
    Servfail,
}

/// A choice, how long it may be kept, and for how wide a network it is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// What is answered.
    pub choice: Choice,
    /// TTL in seconds.
    pub ttl: u32,
    /// ECS scope prefix length.
    pub scope: u8,
    /// Where it is counted.
    pub slot: u32,
    /// Whether a fallback answers, since nothing is live.
    pub last_resort: bool,
}

impl Chosen {
    /// The members that were drawn.
    fn drawn(draw: &Draw, ttl: u32, scope: u8) -> Self {
        Self { choice: Choice::Members, ttl, scope, slot: draw.slot, last_resort: false }
    }

    /// Anything but members.
    fn nothing(choice: Choice, ttl: u32, scope: u8, slot: u32) -> Self {
        Self { choice, ttl, scope, slot, last_resort: false }
    }

    /// A VIP whose map is not there.
    #[cold]
    fn servfail(vip: &Vip) -> Self {
        Self::nothing(Choice::Servfail, 0, 0, vip.slot)
    }
}

/// Room for a draw; kept by a thread from packet to packet.
#[derive(Debug, Default)]
pub struct Draw {
    /// The pools that can be drawn in a tier, and how many there are.
    candidates: Box<[Candidate]>,
    found: usize,
    /// Weights of all members of the family that were read in a tier.
    weights: Box<[u32]>,
    ranked: Vec<(f64, u32)>,
    chosen: Vec<u32>,
    ttl_cap: u32,
    slot: u32,
    /// Whether a pool that was looked at sheds some clients.
    sheds: bool,
    /// Whether the client network decided between several pools or members.
    by_network: bool,
    memory: Memory,
}

impl Draw {
    /// The members that were drawn, in their order, as indices of the zone's members.
    #[must_use]
    #[inline]
    pub fn chosen(&self) -> &[u32] {
        &self.chosen
    }

    #[inline]
    fn candidates(&self) -> &[Candidate] {
        self.candidates.get(..self.found).unwrap_or_default()
    }

    /// Have room for every pool and member of a VIP: there is, but for the first packets.
    #[inline]
    fn make_room(&mut self, vip: &Vip) {
        let (pools, members) = (vip.pools.range().len(), vip.members as usize);
        if self.candidates.len() < pools || self.weights.len() < members {
            self.grow(pools, members);
        }
    }

    #[cold]
    fn grow(&mut self, pools: usize, members: usize) {
        let nobody = Candidate::default();
        self.candidates = vec![nobody; pools.max(self.candidates.len())].into();
        self.weights = vec![0; members.max(self.weights.len())].into();
        self.ranked.reserve(members);
        self.chosen.reserve(members);
    }
}

/// How many VIPs fall back on each other in turn, the first not counted.
pub const MOST_OTHERS: usize = 4;

/// What is asked of a ladder: a VIP's addresses of a family, for a client.
#[derive(Clone, Copy)]
struct Asked<'a> {
    linked: &'a Linked,
    vip: &'a Vip,
    family: Family,
    client: &'a Client,
}

/// Where a client stands in a VIP's ladders: its class, and for how long a prefix that is true.
#[derive(Clone, Copy)]
struct Place<'a> {
    ladders: &'a Ladders,
    class: u32,
    link: Option<&'a Link>,
    prefix: u8,
}

impl Place<'_> {
    #[inline]
    fn tell<W: Witness>(&self, owner: &[u8], vip: &Vip, witness: &mut W) {
        witness.vip(owner, vip, self.link.map(|link| (&*link.map, self.class)), self.prefix);
    }
}

impl<'a> Asked<'a> {
    /// Find the client's place; none if the map is not there.
    #[inline]
    fn place(&self) -> Option<Place<'a>> {
        match self.vip.steer {
            Steer::Own(class) => {
                Some(Place { ladders: &self.linked.zone.ladders, class, link: None, prefix: 0 })
            }
            Steer::Map(map) => {
                let link = self.linked.maps.get(map as usize)?;
                let (class, prefix) = link.map.find(self.client.address);
                Some(Place { ladders: &link.map.ladders, class, link: Some(link), prefix })
            }
        }
    }

    #[inline]
    fn key(&self, place: &Place<'_>) -> Key {
        Key {
            zone: self.linked.zone.stamp,
            map: place.link.map_or(0, |link| link.map.stamp),
            version: self.linked.zone.version(),
            vip: self.vip.index,
            class: place.class,
            family: self.family,
        }
    }

    /// The scope of an answer that holds for a prefix, and for client networks if `by_network`.
    fn scope(&self, prefix: u8, by_network: bool) -> u8 {
        match (self.client.prefix, by_network) {
            (0, _) => 0, // RFC 7871 section 7.2.1: it asked not to be located
            (_, true) => prefix.max(self.client.network(self.vip.prefixes).1),
            (_, false) => prefix,
        }
    }
}

/// Choose what a VIP answers to a client.
#[expect(clippy::inline_always, reason = "most answers of VIPs take only this, without the climb")]
#[inline(always)]
pub fn choose<W: Witness>(
    linked: &Linked,
    owner: &[u8],
    vip: &Vip,
    family: Family,
    client: &Client,
    (rng, draw): (&mut Rng, &mut Draw),
    witness: &mut W,
) -> Chosen {
    let asked = Asked { linked, vip, family, client };
    let Some(place) = asked.place() else { return Chosen::servfail(vip) };
    place.tell(owner, vip, witness);
    let key = asked.key(&place);
    if !W::RECORDS && vip.answers == 1 && !vip.sticky && !vip.steady && vip.has(family) {
        if let Some(flat) = draw.memory.find(&key) {
            if let Some(drawn) = flat.draw(rng) {
                draw.chosen.clear();
                draw.chosen.push(drawn.member);
                return Chosen {
                    choice: Choice::Members,
                    ttl: vip.ttl.min(drawn.ttl_cap),
                    scope: if client.prefix == 0 { 0 } else { place.prefix },
                    slot: drawn.slot,
                    last_resort: false,
                };
            }
        }
    }
    climb(&asked, place, key, (rng, draw), witness)
}

/// Climb the ladder, and fall back where nothing of it is live.
#[inline(never)]
fn climb<W: Witness>(
    asked: &Asked<'_>,
    place: Place<'_>,
    key: Key,
    (rng, draw): (&mut Rng, &mut Draw),
    witness: &mut W,
) -> Chosen {
    let vip = asked.vip;
    let climb = Climb::new(asked, place, key);
    draw.make_room(vip);
    if !vip.has(asked.family) {
        climb.tell_all(rng, draw, witness);
        return Chosen::nothing(Choice::Nodata, vip.ttl, 0, NO_SLOT);
    }
    let drawn = climb.walk(Basis::Live, rng, draw, witness);
    match drawn {
        Some(ttl_cap) => {
            let scope = asked.scope(place.prefix, draw.by_network || draw.sheds);
            Chosen::drawn(draw, vip.ttl.min(ttl_cap), scope)
        }
        None => fall_back(&climb, asked, place.prefix, (rng, draw), witness),
    }
}

/// Nothing of a VIP is live: do what its fallback says.
#[cold]
fn fall_back<W: Witness>(
    climb: &Climb<'_>,
    asked: &Asked<'_>,
    prefix: u8,
    (rng, draw): (&mut Rng, &mut Draw),
    witness: &mut W,
) -> Chosen {
    let vip = asked.vip;
    let (ttl, slot, scope) = (vip.fallback_ttl, vip.slot, asked.scope(prefix, false));
    let mut chosen = match vip.fallback {
        Fallback::All => {
            witness.fallback("all");
            match climb.walk(Basis::Configured, rng, draw, witness) {
                Some(ttl_cap) => {
                    let scope = asked.scope(prefix, draw.by_network);
                    Chosen::drawn(draw, ttl.min(ttl_cap), scope)
                }
                None => Chosen::nothing(Choice::Nodata, ttl, scope, slot),
            }
        }
        Fallback::None => {
            witness.fallback("none");
            Chosen::nothing(Choice::Nodata, ttl, scope, slot)
        }
        Fallback::Servfail => {
            witness.fallback("servfail");
            Chosen::nothing(Choice::Servfail, ttl, scope, slot)
        }
        Fallback::Addresses(addresses) => {
            witness.fallback("addresses");
            Chosen::nothing(Choice::Addresses(addresses), ttl, scope, slot)
        }
        Fallback::Vip(other) => {
            witness.fallback("vip");
            ask_others(asked, other, scope, (rng, draw), witness)
        }
    };
    chosen.last_resort = true;
    chosen
}

/// Ask another VIP, and those that it falls back on in turn.
fn ask_others<W: Witness>(
    asked: &Asked<'_>,
    first: u32,
    mut scope: u8,
    (rng, draw): (&mut Rng, &mut Draw),
    witness: &mut W,
) -> Chosen {
    let (mut ttl, mut next) = (asked.vip.fallback_ttl, first);
    for _ in 0..MOST_OTHERS {
        let Some(vip) = asked.linked.zone.vip_at(next) else { break };
        let other = Asked { vip, ..*asked };
        let Some(place) = other.place() else { break };
        let climb = Climb::new(&other, place, other.key(&place));
        draw.make_room(vip);
        if W::RECORDS {
            witness.other_vip();
            place.tell(asked.linked.zone.owner_of(vip), vip, witness);
        }
        let drawn = if vip.has(asked.family) {
            climb.walk(Basis::Live, rng, draw, witness)
        } else {
            climb.tell_all(rng, draw, witness);
            None
        };
        if let Some(ttl_cap) = drawn {
            scope = scope.max(other.scope(place.prefix, draw.by_network || draw.sheds));
            return Chosen::drawn(draw, ttl.min(ttl_cap), scope);
        }
        scope = scope.max(other.scope(place.prefix, false));
        ttl = ttl.min(vip.fallback_ttl);
        let Fallback::Vip(after) = vip.fallback else {
            let mut chosen = fall_back(&climb, &other, place.prefix, (rng, draw), witness);
            (chosen.ttl, chosen.scope) = (chosen.ttl.min(ttl), chosen.scope.max(scope));
            return chosen;
        };
        witness.fallback("vip");
        next = after;
    }
    Chosen::nothing(Choice::Servfail, ttl, scope, asked.vip.slot)
}
