//! The witness that writes everything down, for `explain`; its JSON is the shape of [`Trace`].
//!
//! Weights are numbers as an operator wrote them (1.0 is weight 1). Every tier of the client's
//! ladder is told, also those after the one that answered, so that each candidate has a reason.

use std::net::IpAddr;

use serde::Serialize;

use crate::name::to_text;
use crate::snapshot::{Address, Map, Pool, Told, Vip, Word, World, Zone};
use crate::wire::reply::Verdict;
use crate::wire::rtype;
use crate::witness::{Basis, Candidate, Client, Lookup, Origin, Witness};

/// What happened to one packet.
#[derive(Debug, Default, Serialize)]
pub struct Trace {
    /// The origin of the zone that answered; null if none of ours did.
    pub zone: Option<String>,
    /// The revision of the world that answered.
    pub revision: u64,
    /// Its generation.
    pub generation: u64,
    /// The name asked for, in lower case; null if no question could be read.
    pub name: Option<String>,
    /// The type asked for, as `A` or `TYPE65280`.
    #[serde(rename = "type")]
    pub rtype: Option<String>,
    /// The rcode of the reply, `NOERROR` and so on; null for silence.
    pub rcode: Option<&'static str>,
    /// AA.
    pub aa: bool,
    /// TC.
    pub truncated: bool,
    /// For whom it was answered.
    pub client: Option<TracedClient>,
    /// How the last name of the chain was found: `exact`, `wildcard`, `cut` (a referral),
    /// `nxdomain`, `nodata`, `cname` (an alias that leaves the zone, or a loop), `dname` (a DNAME
    /// above it renames it), or `refused` where no zone was asked.
    pub lookup: &'static str,
    /// Every name of the chain of aliases, and how it was found; one entry without an alias.
    pub chain: Vec<Link>,
    /// How the VIP that was asked for steers.
    #[serde(flatten)]
    pub steered: Steered,
    /// How those VIPs steer that were asked as its fallback, each as that of the one before.
    pub fallback_vips: Vec<Steered>,
    /// The least TTL of the answer section; null if it is empty.
    pub ttl: Option<u32>,
    /// The ECS scope: the answer is true for this prefix around the client.
    pub scope: u8,
    /// The addresses that were answered, by a VIP or from A and AAAA records.
    pub answers: Vec<String>,
    /// The types of the RRsets of ordinary records in the answer section.
    pub rrsets: Vec<String>,
}

/// How a VIP steers a client.
#[derive(Debug, Default, Serialize)]
pub struct Steered {
    /// The VIP that answered, as it was asked for; null if none did.
    pub vip: Option<String>,
    /// Whether its clients keep their members.
    pub sticky: bool,
    /// Whether its clients keep their datacenter, for all families.
    pub steady: bool,
    /// The map that placed the client; null if the VIP has its own tiers.
    pub map: Option<String>,
    /// The client's class in the map.
    pub class: Option<u32>,
    /// The widest prefix around the client of which all is in the class.
    pub range_prefix: Option<u8>,
    /// Every tier of the client's ladder, in order; empty without a VIP.
    pub tiers: Vec<Tier>,
    /// Whether every live pool of the ladder sheds this client, and one was drawn by capacity.
    pub overflow: bool,
    /// What was done because nothing was live: `all`, `none`, `servfail`, `addresses`, `vip` (what
    /// another VIP answers), or null.
    pub fallback: Option<&'static str>,
}

/// For whom an answer was.
#[derive(Debug, Serialize)]
pub struct TracedClient {
    /// The address.
    pub address: String,
    /// How many bits of it are known.
    pub prefix: u8,
    /// `ecs`, `source`, or `proxy`: a front end told it.
    pub from: &'static str,
    /// The front end that told the packet's source, in the place of its own; null if none did.
    pub front_end: Option<String>,
}

/// One name on the way.
#[derive(Debug, Serialize)]
pub struct Link {
    /// The name.
    pub name: String,
    /// As [`Trace::lookup`]; an alias that was followed is `exact` or `wildcard`.
    pub lookup: &'static str,
}

/// One tier of the ladder.
#[derive(Debug, Serialize)]
pub struct Tier {
    /// Its number, from 0.
    pub tier: usize,
    /// Its datacenters, whether the VIP has a pool there or not.
    pub datacenters: Vec<String>,
    /// Whether it had live weight.
    pub live: bool,
    /// Whether it answered.
    pub chosen: bool,
    /// The VIP's pools in it.
    pub pools: Vec<TracedPool>,
}

/// One pool of a tier.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the JSON")]
pub struct TracedPool {
    /// Its datacenter.
    pub datacenter: String,
    /// Its effective weight.
    pub weight: f64,
    /// Its configured weight.
    pub configured: u16,
    /// Whether it could be drawn.
    pub live: bool,
    /// The share of clients that it sheds, 0 to 1.
    pub shed: f64,
    /// Whether this client is among them.
    pub shed_client: bool,
    /// Whether it is passed over since it is not live in every family of the VIP, and another pool
    /// of the tier is.
    pub halved: bool,
    /// What it weighs where every live pool sheds the client; 0: its configured weight.
    pub capacity: u32,
    /// Its chance to be drawn if its tier answers, 0 to 1.
    pub share: f64,
    /// Whether it was drawn.
    pub chosen: bool,
    /// Its members, of both families.
    pub members: Vec<TracedMember>,
    #[serde(skip)]
    index: u32,
}

/// One member of a pool.
#[derive(Debug, Serialize)]
pub struct TracedMember {
    /// Its address, or its name.
    pub address: String,
    /// Its effective weight.
    pub weight: f64,
    /// Its configured weight.
    pub configured: u16,
    /// The most seconds that an answer with it may be kept; null if there is no cap.
    pub ttl_cap: Option<u32>,
    /// Its chance to be drawn first if its pool is drawn, 0 to 1.
    pub share: f64,
    /// Whether it was answered.
    pub chosen: bool,
    /// Whether it is of the family asked for.
    pub family_match: bool,
    #[serde(skip)]
    index: u32,
}

impl Trace {
    /// A trace of a packet that has not been looked at.
    #[must_use]
    pub fn new() -> Self {
        Self { lookup: "refused", ..Self::default() }
    }

    /// How the VIP steers that is being asked.
    fn here(&mut self) -> &mut Steered {
        self.fallback_vips.last_mut().unwrap_or(&mut self.steered)
    }

    /// Of a pool's tier whether it is live and whether it was chosen, and the pool.
    fn pool_at(&mut self, index: u32) -> Option<(&mut bool, &mut bool, &mut TracedPool)> {
        self.here().tiers.iter_mut().find_map(|Tier { live, chosen, pools, .. }| {
            let pool = pools.iter_mut().find(|pool| pool.index == index)?;
            Some((live, chosen, pool))
        })
    }
}

fn spelled(lookup: Lookup) -> &'static str {
    match lookup {
        Lookup::Exact => "exact",
        Lookup::Wildcard => "wildcard",
        Lookup::Cut => "cut",
        Lookup::Nxdomain => "nxdomain",
        Lookup::Nodata => "nodata",
        Lookup::Cname => "cname",
        Lookup::Dname => "dname",
    }
}

fn weight(word: Word) -> f64 {
    f64::from(word.weight) / f64::from(Word::ONE)
}

/// A part of a whole, 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "a share is shown with a few digits")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl Witness for Trace {
    const RECORDS: bool = true;

    fn asked(&mut self, name: &[u8], asked: u16, client: &Client) {
        self.name = Some(to_text(name));
        self.rtype = Some(rtype::to_text(asked));
        self.client = Some(TracedClient {
            address: client.address.to_string(),
            prefix: client.prefix,
            from: match client.origin {
                Origin::Ecs => "ecs",
                Origin::Source => "source",
                Origin::Proxy => "proxy",
            },
            front_end: None,
        });
    }

    fn told(&mut self, front_end: IpAddr) {
        if let Some(client) = &mut self.client {
            client.front_end = Some(front_end.to_string());
        }
    }

    fn zone(&mut self, world: &World, zone: &Zone) {
        self.zone = Some(to_text(&zone.origin));
        self.revision = world.revision;
        self.generation = world.generation;
    }

    fn name(&mut self, name: &[u8], lookup: Lookup) {
        self.lookup = spelled(lookup);
        self.chain.push(Link { name: to_text(name), lookup: self.lookup });
    }

    fn vip(&mut self, owner: &[u8], vip: &Vip, map: Option<(&Map, u32)>, prefix: u8) {
        let steered = self.here();
        steered.vip = Some(to_text(owner));
        (steered.sticky, steered.steady) = (vip.sticky, vip.steady);
        if let Some((map, class)) = map {
            steered.map = Some(map.name.to_string());
            steered.class = Some(class);
            steered.range_prefix = Some(prefix);
        }
    }

    fn other_vip(&mut self) {
        self.fallback_vips.push(Steered::default());
    }

    fn halved(&mut self, pool: u32) {
        if let Some((live, _, pool)) = self.pool_at(pool) {
            (*live, pool.live, pool.halved) = (true, true, true);
        }
    }

    fn tier(&mut self, datacenters: Vec<&str>) {
        let tiers = &mut self.here().tiers;
        tiers.push(Tier {
            tier: tiers.len(),
            datacenters: datacenters.into_iter().map(str::to_owned).collect(),
            live: false,
            chosen: false,
            pools: Vec::new(),
        });
    }

    fn pool(&mut self, zone: &Zone, index: u32, pool: &Pool, word: Word) {
        let datacenter = zone.datacenters.get(pool.datacenter as usize);
        let Some(tier) = self.here().tiers.last_mut() else {
            return;
        };
        tier.pools.push(TracedPool {
            datacenter: datacenter.map_or_else(String::new, ToString::to_string),
            weight: weight(word),
            configured: pool.weight,
            live: false,
            shed: f64::from(word.shed()) / f64::from(u32::MAX),
            shed_client: false,
            halved: false,
            capacity: pool.capacity,
            share: 0.0,
            chosen: false,
            members: Vec::new(),
            index,
        });
    }

    fn member(&mut self, index: u32, target: &Told<'_>, configured: u16, word: Word, fits: bool) {
        let pool = self.here().tiers.last_mut().and_then(|tier| tier.pools.last_mut());
        let Some(pool) = pool else { return };
        pool.members.push(TracedMember {
            address: target.to_string(),
            weight: weight(word),
            configured,
            ttl_cap: (word.ttl_cap != Word::NO_CAP).then_some(word.ttl_cap),
            share: 0.0,
            chosen: false,
            family_match: fits,
            index,
        });
    }

    fn shed(&mut self, pool: u32) {
        if let Some((live, _, pool)) = self.pool_at(pool) {
            (*live, pool.live, pool.shed_client) = (true, true, true);
        }
    }

    fn weighed(&mut self, _: usize, basis: Basis, pools: &[Candidate], weights: &[u32]) {
        self.here().overflow |= basis == Basis::Overflow;
        let total = pools.iter().map(|candidate| candidate.weight).sum();
        for candidate in pools {
            let Some((live, _, pool)) = self.pool_at(candidate.pool) else { continue };
            pool.live = basis != Basis::Configured;
            *live |= pool.live;
            pool.share = share(candidate.weight, total);
            for member in &mut pool.members {
                let mut numbers = candidate.members.numbers();
                let at = numbers.position(|index| index == member.index);
                let weight = at.and_then(|at| weights.get(candidate.first + at));
                let weight = weight.map_or(0, |&weight| u64::from(weight));
                member.share = share(weight, candidate.sum);
            }
        }
    }

    fn drew(&mut self, _: usize, pool: u32, members: &[u32]) {
        let Some((_, chosen, pool)) = self.pool_at(pool) else {
            return;
        };
        (*chosen, pool.chosen) = (true, true);
        for member in &mut pool.members {
            member.chosen = members.contains(&member.index);
        }
    }

    fn fallback(&mut self, word: &'static str) {
        self.here().fallback = Some(word);
    }

    fn answered(&mut self, address: &Address, ttl: u32) {
        self.answers.push(address.to_string());
        self.ttl = Some(self.ttl.map_or(ttl, |least| least.min(ttl)));
    }

    fn records(&mut self, asked: u16, ttl: u32) {
        self.rrsets.push(rtype::to_text(asked));
        self.ttl = Some(self.ttl.map_or(ttl, |least| least.min(ttl)));
    }

    fn replied(&mut self, verdict: Verdict) {
        self.rcode = Some(verdict.rcode.to_text());
        self.aa = verdict.authoritative;
        self.truncated = verdict.truncated;
        self.scope = verdict.scope;
    }
}
