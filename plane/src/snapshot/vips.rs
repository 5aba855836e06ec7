//! A zone document's VIPs to flat lists of pools and members.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::build::{Builder, MAX_TTL, place_of};
use super::document;
use super::fault::Fault;
use super::steer::{Address, Fallback, Family, Member, Pool, Span, Steer, Vip};
use super::table::NameId;
use super::zone::Zone;
use crate::name;

/// The key of sticky draws. Every node must have the same: changing it moves every client.
const STICKY_KEY: (u64, u64) = (0x6773_6c62_2073_7469, 0x636b_7920_6472_6177);

/// As many pools of a VIP are looked through without halving.
const FEW_POOLS: usize = 8;

/// What a zone's VIPs come to.
#[derive(Default)]
pub(super) struct Steering {
    pub(super) vips: Vec<Vip>,
    pub(super) pools: Vec<Pool>,
    /// The datacenters of each VIP's pools, sorted, with the pools' places in `pools`.
    pub(super) pool_order: Vec<(u32, u32)>,
    pub(super) members: Vec<Member>,
    /// For each member in document order its place in `members`.
    pub(super) places: Vec<u32>,
    pub(super) addresses: Vec<Address>,
}

impl<'d> Builder<'d> {
    /// Check the document's VIPs and lay them out.
    pub(super) fn steer(&mut self) -> Result<Steering, Fault> {
        let mut steering = Steering::default();
        let document = self.document;
        for vip in &document.vips {
            let place = || format!("VIP {}", place_of(vip.owner));
            self.check_owner(vip.owner).map_err(|fault| fault.within(place()))?;
            let vip = self.vip(vip, &mut steering).map_err(|fault| fault.within(place()))?;
            steering.vips.push(vip);
        }
        Ok(steering)
    }

    fn vip(&mut self, vip: &document::Vip<'d>, steering: &mut Steering) -> Result<Vip, Fault> {
        let owner: &[u8] = vip.owner;
        if vip.ttl > MAX_TTL {
            return Err(Fault::new(format!("has TTL {}; the most is {MAX_TTL}", vip.ttl)));
        }
        let prefixes = match vip.prefixes {
            (v4 @ 0..=32, v6 @ 0..=64) => [v4, v6],
            (v4, v6) => {
                let most = "the most are /32 and /64";
                return Err(Fault::new(format!("has client networks of /{v4} and /{v6}; {most}")));
            }
        };
        let datacenters = self.document.datacenters.len();
        let steer = match vip.map {
            -1 => Steer::Own(self.ladders.add(&vip.tiers, datacenters)?),
            map => match u32::try_from(map) {
                Ok(map) if (map as usize) < self.document.maps.len() => Steer::Map(map),
                _ => return Err(Fault::new(format!("has map {map}, which the zone has not"))),
            },
        };
        let (first, first_member) = (steering.pools.len(), steering.members.len());
        let mut has = [false; 2];
        for pool in &vip.pools {
            let known = steering.pools.get(first..).unwrap_or_default();
            if known.iter().any(|known| known.datacenter == pool.datacenter) {
                return Err(Fault::new(format!("has two pools in {}", pool.datacenter)));
            }
            let pool = if vip.names {
                self.pool_of_names(vip.owner, pool, steering)?
            } else {
                self.pool(vip.owner, pool, steering)?
            };
            let [v4, v6] = has;
            has = [v4 || !pool.ipv4.is_empty(), v6 || !pool.ipv6.is_empty()];
            steering.pools.push(pool);
        }
        let pools = (0u32..).zip(&steering.pools).skip(first);
        steering.pool_order.extend(pools.map(|(at, pool)| (pool.datacenter, at)));
        steering.pool_order.get_mut(first..).unwrap_or_default().sort_unstable();
        if vip.names && (vip.answers != 1 || vip.fallback.kind > 2) {
            return Err(Fault::new("has names, of which it answers one, and nothing else"));
        }
        Ok(Vip {
            ttl: vip.ttl,
            answers: vip.answers,
            sticky: vip.sticky,
            steady: vip.steady,
            prefixes,
            fallback: self.fallback(&vip.fallback, &mut steering.addresses)?,
            fallback_ttl: fallback_ttl(&vip.fallback, vip.ttl)?,
            steer,
            slot: self.books.slot(owner, ""),
            index: u32::try_from(steering.vips.len()).unwrap_or(u32::MAX),
            members: u32::try_from(steering.members.len() - first_member).unwrap_or(0),
            pools: Span::between(first, steering.pools.len())?,
            has,
            names: vip.names,
        })
    }

    fn pool(
        &self,
        owner: &[u8],
        pool: &document::Pool<'_>,
        steering: &mut Steering,
    ) -> Result<Pool, Fault> {
        let datacenter = self.datacenter(pool)?;
        let seed = seed_of(&[owner, datacenter.as_bytes()]);
        let Steering { members, places, .. } = steering;
        let start = members.len();
        places.resize(start + pool.members.len(), 0);
        // The members of a family stand together, so that their words do.
        for family in [Family::V4, Family::V6] {
            for (at, member) in pool.members.iter().enumerate() {
                let address = Address::read(member.target)?;
                if address.family() != family {
                    continue;
                }
                let place = u32::try_from(members.len());
                let place = place.map_err(|_| Fault::new("has too many members"))?;
                if let Some(slot) = places.get_mut(start + at) {
                    *slot = place;
                }
                members.push(Member {
                    address,
                    name: NameId::NONE,
                    weight: member.weight,
                    seed: seed_of(&[owner, datacenter.as_bytes(), address.octets()]),
                });
            }
        }
        let here = members.get(start..).unwrap_or_default();
        let ipv4 = here.partition_point(|member| member.address.family() == Family::V4);
        Ok(Pool {
            datacenter: pool.datacenter,
            slot: self.books.slot(owner, datacenter),
            weight: pool.weight,
            ipv4: Span::between(start, start + ipv4)?,
            ipv6: Span::between(start + ipv4, members.len())?,
            seed,
            capacity: pool.capacity,
        })
    }

    /// A pool whose members are names: they stand where A's do, and the plane answers CNAME.
    fn pool_of_names(
        &mut self,
        owner: &[u8],
        pool: &document::Pool<'d>,
        steering: &mut Steering,
    ) -> Result<Pool, Fault> {
        let datacenter = self.datacenter(pool)?;
        let Steering { members, places, .. } = steering;
        let start = members.len();
        for member in &pool.members {
            let target: &'d [u8] = member.target;
            name::check(target).map_err(|why| Fault::new(format!("has a member that {why}")))?;
            let place = u32::try_from(members.len());
            places.push(place.map_err(|_| Fault::new("has too many members"))?);
            members.push(Member {
                address: Address::NONE,
                name: self.name(target)?,
                weight: member.weight,
                seed: seed_of(&[owner, datacenter.as_bytes(), target]),
            });
        }
        let end = members.len();
        Ok(Pool {
            datacenter: pool.datacenter,
            slot: self.books.slot(owner, datacenter),
            weight: pool.weight,
            ipv4: Span::between(start, end)?,
            ipv6: Span::between(end, end)?,
            seed: seed_of(&[owner, datacenter.as_bytes()]),
            capacity: pool.capacity,
        })
    }

    fn fallback(
        &self,
        fallback: &document::Fallback<'_>,
        addresses: &mut Vec<Address>,
    ) -> Result<Fallback, Fault> {
        match fallback.kind {
            0 => Ok(Fallback::All),
            1 => Ok(Fallback::None),
            2 => Ok(Fallback::Servfail),
            3 => {
                let start = addresses.len();
                for address in &fallback.addresses {
                    addresses.push(Address::read(address)?);
                }
                Ok(Fallback::Addresses(Span::between(start, addresses.len())?))
            }
            4 => {
                let other = u32::try_from(fallback.vip).ok();
                let found = other.and_then(|at| self.document.vips.get(at as usize));
                match (other, found) {
                    (Some(at), Some(vip)) if !vip.names => Ok(Fallback::Vip(at)),
                    (_, Some(_)) => Err(Fault::new("falls back on a VIP that has names")),
                    _ => {
                        let at = fallback.vip;
                        Err(Fault::new(format!("falls back on VIP {at}, which the zone has not")))
                    }
                }
            }
            other => {
                Err(Fault::new(format!("has a fallback of kind {other}, which does not exist")))
            }
        }
    }

    fn datacenter(&self, pool: &document::Pool<'_>) -> Result<&'d str, Fault> {
        let at = pool.datacenter;
        self.document.datacenters.get(at as usize).copied().ok_or_else(|| {
            Fault::new(format!("has a pool in datacenter {at}, which the zone has not"))
        })
    }
}

impl Zone {
    /// The pool of a VIP in a datacenter, as an index of the zone's pools.
    #[must_use]
    #[inline]
    pub fn pool_in(&self, vip: &Vip, datacenter: u32) -> Option<u32> {
        let order = vip.pools.of(&self.pool_order);
        // Few are read one by one sooner than they are halved.
        let at = if order.len() <= FEW_POOLS {
            order.iter().position(|&(at, _)| at == datacenter)?
        } else {
            order.binary_search_by_key(&datacenter, |&(at, _)| at).ok()?
        };
        order.get(at).map(|&(_, pool)| pool)
    }

    /// The name of a VIP in wire form; all names are looked through.
    #[must_use]
    pub fn owner_of(&self, vip: &Vip) -> &[u8] {
        let node = self.nodes.iter().find(|node| node.vip == vip.index);
        node.map_or(&[], |node| self.wire_of(node))
    }
}

/// The TTL of a fallback's answers: its own, or its VIP's.
fn fallback_ttl(fallback: &document::Fallback<'_>, vip: u32) -> Result<u32, Fault> {
    match u32::try_from(fallback.ttl) {
        Ok(ttl) if ttl <= MAX_TTL => Ok(ttl),
        Err(_) if fallback.ttl == -1 => Ok(vip),
        _ => {
            let ttl = fallback.ttl;
            Err(Fault::new(format!("has a fallback with TTL {ttl}; the most is {MAX_TTL}")))
        }
    }
}

/// Hash what a candidate is called, each part with its length, so that parts cannot run together.
fn seed_of(parts: &[&[u8]]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(STICKY_KEY.0, STICKY_KEY.1);
    for part in parts {
        hasher.write(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.write(part);
    }
    hasher.finish()
}

/// The key of shedding, another than that of draws: who is shed says nothing of who is drawn.
const SHED_KEY: u64 = 0x6773_6c62_2073_6865;

/// Hash a pool for a client network, to see whether the pool sheds it.
#[must_use]
#[inline]
pub fn shed_bits(seed: u64, network: u64) -> u32 {
    let mut hasher = SipHasher13::new_with_keys(SHED_KEY, seed);
    hasher.write(&network.to_le_bytes());
    u32::try_from(hasher.finish() >> 32).unwrap_or(0)
}

/// Hash a candidate for a client network.
#[must_use]
#[inline]
pub fn sticky_bits(seed: u64, network: u64) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(STICKY_KEY.0, seed);
    hasher.write(&network.to_le_bytes());
    hasher.finish()
}
