//! The published world: zones and maps, built from documents and swapped in by one pointer.
//!
//! ```text
//! Publisher ── one pointer ──▶ World ── zones by origin ──▶ Linked ──▶ Zone (and its words)
//!                                  ├─── maps by name ──────────┴─────▶ Map
//!                                  └─── Policy: how the node speaks, whatever it serves
//! ```
//!
//! A world is never changed: publishing makes a new one that shares what stayed. Only the words of
//! a zone change in place. Documents are checked as they are built; a fault leaves the world that
//! stands as it is.

mod build;
mod document;
mod fault;
mod map;
mod policy;
mod rdata;
mod services;
mod steer;
mod table;
mod tree;
mod vips;
mod word;
mod zone;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};

pub use document::FORMAT;
pub use fault::Fault;
pub use map::Map;
pub use policy::{Cookies, Networks, Policy, Rate, Tcp};
pub use services::{IPV4HINT, IPV6HINT, Service};
pub use steer::{Address, Fallback, Family, Ladders, Member, Pool, Span, Steer, Told, Vip};
pub use table::{NameId, Names};
pub use vips::{shed_bits, sticky_bits};
pub use word::Word;
pub use zone::{Body, Found, Named, Node, RECORD_HEAD, Rrset, Target, Zone};

use crate::asked::{Asked, Place};
use crate::name::{Name, Split, to_text};
use crate::tally::Books;
use crate::wire::rtype;
use table::{NONE, Table};

/// How long a publish waits for the last packets of the world before; a batch takes less than 1 ms.
const LAST_READERS: Duration = Duration::from_millis(20);

/// A zone and the maps that it names.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The zone.
    pub zone: Arc<Zone>,
    /// For each map that the zone names: the map, and its datacenters as the zone numbers them.
    pub maps: Box<[Link]>,
}

/// A map as a zone sees it.
#[derive(Clone, Debug)]
pub struct Link {
    /// The map.
    pub map: Arc<Map>,
    datacenters: Box<[u32]>,
}

impl Link {
    /// What the zone calls a datacenter of the map, if it has it.
    #[must_use]
    #[inline]
    pub fn datacenter(&self, of_map: u32) -> Option<u32> {
        self.datacenters.get(of_map as usize).copied().filter(|&of_zone| of_zone != NONE)
    }
}

/// Everything that is answered from at one moment.
#[derive(Debug)]
pub struct World {
    /// A number that no other world of this process has; never 0.
    pub stamp: u64,
    /// How many worlds have been published up to this one.
    pub generation: u64,
    /// What the publisher calls this one.
    pub revision: u64,
    /// How this node speaks.
    pub policy: Arc<Policy>,
    zones: Box<[Linked]>,
    by_origin: Table,
    /// How many labels origins have, each number once, the greatest first.
    depths: Box<[u8]>,
}

impl World {
    fn new(generation: u64, revision: u64, policy: Arc<Policy>, zones: Vec<Linked>) -> Self {
        let mut hashes = Vec::with_capacity(zones.len());
        let mut depths = BTreeSet::new();
        let mut split = Split::default();
        for linked in &zones {
            split.read(&linked.zone.origin);
            hashes.push(split.name().suffix(0).map_or(0, |(_, hash)| hash));
            depths.insert(u8::try_from(split.name().labels()).unwrap_or(u8::MAX));
        }
        let by_origin = Table::new(&hashes);
        let depths = depths.into_iter().rev().collect();
        let (stamp, zones) = (new_stamp(), zones.into());
        Self { stamp, generation, revision, policy, zones, by_origin, depths }
    }

    /// The zone that answers for a name and type, and its number: the closest at or above it. DS at an origin is
    /// asked of the zone above, if that is ours too (RFC 4035 section 3.1.4.1).
    #[must_use]
    #[inline]
    pub fn zone_of(&self, name: &Name<'_>, asked: u16) -> Option<(u32, &Linked)> {
        if asked == rtype::DS {
            if let Some(above) = self.closest_zone(name, 1) {
                return Some(above);
            }
        }
        self.closest_zone(name, 0)
    }

    /// The closest zone at or above the suffix that begins at a label.
    #[inline]
    fn closest_zone(&self, name: &Name<'_>, first: usize) -> Option<(u32, &Linked)> {
        let labels = name.labels();
        for &depth in &self.depths {
            let Some(label) = labels.checked_sub(depth.into()).filter(|&label| label >= first)
            else {
                continue;
            };
            let (wire, hash) = name.suffix(label)?;
            let same = |at: u32| {
                self.zones.get(at as usize).is_some_and(|linked| *linked.zone.origin == *wire)
            };
            if let Some(at) = self.by_origin.find(hash, same) {
                return self.zones.get(at as usize).map(|linked| (at, linked));
            }
        }
        None
    }

    /// What a name comes to, by the closest zone at or above it, if that is remembered.
    #[must_use]
    #[inline]
    pub fn remembered(&self, asked: &Asked, qtype: u16) -> Option<(&Linked, Found<'_>)> {
        let place = asked.place(self.stamp).filter(|_| qtype != rtype::DS)?;
        let linked = self.zones.get(place.zone as usize)?;
        linked.zone.nodes.get(place.node as usize).map(|node| (linked, Found::Node(node)))
    }

    /// What a name comes to, by the closest zone at or above it; `None` if that is not ours. It is
    /// remembered, unless it depends on the type.
    #[inline(never)]
    pub fn look_up(&self, asked: &mut Asked, qtype: u16) -> Option<(&Linked, Found<'_>)> {
        let name = asked.name();
        let (zone, linked) = self.zone_of(&name, qtype)?;
        let found = linked.zone.find(&name, qtype);
        if let Found::Node(node) = found {
            if let Some(node) = linked.zone.unveiled(node).filter(|_| qtype != rtype::DS) {
                asked.keep(Place { world: self.stamp, zone, node });
            }
        }
        Some((linked, found))
    }
}

/// What is swapped in at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Release<'a> {
    /// What the publisher calls the world that comes of it.
    pub revision: u64,
    /// Zones: document, member words, pool words.
    pub zones: &'a [(&'a [u8], &'a [u8], &'a [u8])],
    /// Maps.
    pub maps: &'a [&'a [u8]],
    /// Origins of zones to drop.
    pub drop_zones: &'a [&'a [u8]],
    /// Names of maps to drop.
    pub drop_maps: &'a [&'a str],
}

#[derive(Default)]
struct Parts {
    zones: BTreeMap<Box<[u8]>, Arc<Zone>>,
    maps: BTreeMap<Box<str>, Arc<Map>>,
}

/// Holds the world that stands, and swaps in the next.
pub struct Publisher {
    world: ArcSwap<World>,
    parts: Mutex<Parts>,
    books: Arc<Books>,
}

impl Publisher {
    /// Begin with an empty world; its answers will be counted in these books.
    #[must_use]
    pub fn new(books: Arc<Books>) -> Self {
        let world = World::new(0, 0, Arc::default(), Vec::new());
        Self { world: ArcSwap::from_pointee(world), parts: Mutex::default(), books }
    }

    /// Hold the lock of everything that changes the world.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> impl Drop {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The world that stands now.
    #[must_use]
    #[inline]
    pub fn world(&self) -> Guard<Arc<World>> {
        self.world.load()
    }

    /// Build a release and swap it in by one pointer store; give the new generation.
    ///
    /// # Errors
    /// The first fault found; then nothing has changed.
    pub fn publish(&self, release: &Release<'_>) -> Result<u64, Fault> {
        let mut zones = Vec::with_capacity(release.zones.len());
        for (document, members, pools) in release.zones {
            zones.push(Arc::new(build::build(document, members, pools, &self.books)?));
        }
        let mut maps = Vec::with_capacity(release.maps.len());
        for document in release.maps {
            maps.push(Arc::new(map::build(document)?));
        }
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Parts { zones: parts.zones.clone(), maps: parts.maps.clone() };
        for &origin in release.drop_zones {
            next.zones.remove(origin);
        }
        for &name in release.drop_maps {
            next.maps.remove(name);
        }
        next.zones.extend(zones.into_iter().map(|zone| (zone.origin.clone(), zone)));
        next.maps.extend(maps.into_iter().map(|map| (map.name.clone(), map)));
        let linked = next.zones.values().map(|zone| link(zone, &next.maps));
        let linked = linked.collect::<Result<_, _>>()?;
        let generation = self.world.load().generation + 1;
        let policy = Arc::clone(&self.world.load().policy);
        let world = World::new(generation, release.revision, policy, linked);
        let old = self.world.swap(Arc::new(world));
        *parts = next;
        drop(parts);
        let_go(old);
        Ok(generation)
    }

    /// Read a policy and swap it in, beside what is published.
    ///
    /// # Errors
    /// The first fault found; then nothing has changed.
    pub fn configure(&self, document: &[u8]) -> Result<(), Fault> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.world.load_full();
        let policy = Arc::new(policy::build(document, &now.policy)?);
        let zones = now.zones.to_vec();
        let world = World::new(now.generation, now.revision, policy, zones);
        drop(now);
        let old = self.world.swap(Arc::new(world));
        drop(parts);
        let_go(old);
        Ok(())
    }

    /// Store member words of the zone at an origin, in the world that stands.
    ///
    /// # Errors
    /// A fault if there is no such zone or no such member; nothing is stored then.
    pub fn set_members(&self, origin: &[u8], changes: &[(u32, u64)]) -> Result<(), Fault> {
        self.change(origin, |zone| zone.set_members(changes))
    }

    /// Store pool words of the zone at an origin, in the world that stands.
    ///
    /// # Errors
    /// A fault if there is no such zone or no such pool; nothing is stored then.
    pub fn set_pools(&self, origin: &[u8], changes: &[(u32, u64)]) -> Result<(), Fault> {
        self.change(origin, |zone| zone.set_pools(changes))
    }

    /// Change a zone while no other world is being swapped in, so that no change is lost.
    fn change(
        &self,
        origin: &[u8],
        change: impl FnOnce(&Zone) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let place = || format!("zone {}", build::place_of(origin));
        match parts.zones.get(origin) {
            Some(zone) => change(zone).map_err(|fault| fault.within(place())),
            None => Err(Fault::new("is not published").within(place())),
        }
    }
}

/// A number that was never given before, and is not 0.
fn new_stamp() -> u64 {
    static STAMPS: AtomicU64 = AtomicU64::new(1);
    STAMPS.fetch_add(1, Ordering::Relaxed)
}

/// Wait until no packet is being answered from an old world, and free it here: that takes long for
/// a large one, and would delay the packets behind if the last thread to answer from it did it.
fn let_go(old: Arc<World>) {
    let start = Instant::now();
    while Arc::strong_count(&old) > 1 && start.elapsed() < LAST_READERS {
        thread::sleep(Duration::from_micros(50));
    }
    drop(old);
}

/// Find the maps that a zone names, and its own numbers for their datacenters.
fn link(zone: &Arc<Zone>, maps: &BTreeMap<Box<str>, Arc<Map>>) -> Result<Linked, Fault> {
    let mut links = Vec::with_capacity(zone.maps.len());
    for name in &zone.maps {
        let Some(map) = maps.get(name) else {
            let fault = Fault::new(format!("refers to map {name}, which is not published"));
            return Err(fault.within(format!("zone {}", to_text(&zone.origin))));
        };
        let number = |wanted: &str| {
            let mut known = (0u32..).zip(&zone.datacenters);
            known.find(|(_, name)| ***name == *wanted).map_or(NONE, |(at, _)| at)
        };
        let datacenters = map.datacenters.iter().map(|name| number(name)).collect();
        links.push(Link { map: Arc::clone(map), datacenters });
    }
    Ok(Linked { zone: Arc::clone(zone), maps: links.into() })
}
