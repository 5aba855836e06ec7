//! A published map: client ranges to classes, classes to tiers.

use std::net::IpAddr;

use super::document;
use super::fault::Fault;
use super::steer::Ladders;
use crate::atlas::IN_IPV4;
use crate::ranges::Ranges;

/// A map, shared by the VIPs of all zones that name it.
#[derive(Debug)]
pub struct Map {
    /// A number that no other zone or map of this process has.
    pub stamp: u64,
    /// Its name.
    pub name: Box<str>,
    /// Its own list of datacenters, in which its tiers are written.
    pub datacenters: Box<[Box<str>]>,
    /// Tiers by class.
    pub ladders: Ladders,
    /// Classes from here on say that an IPv6 address holds an IPv4 one, which has the class.
    in_ipv4: u32,
    ipv4: Ranges<u32>,
    ipv6: Ranges<u64>,
}

/// Build a map from its document.
pub(super) fn build(document: &[u8]) -> Result<Map, Fault> {
    let map: document::Map<'_> = document::read(document, "map")?;
    if map.name.is_empty() {
        return Err(Fault::new("a map has no name"));
    }
    from_document(&map).map_err(|fault| fault.within(format!("map {}", map.name)))
}

fn from_document(map: &document::Map<'_>) -> Result<Map, Fault> {
    let mut ladders = Ladders::default();
    for class in &map.classes {
        ladders.add(class, map.datacenters.len())?;
    }
    let read = |starts: &[u8], classes: &[u8], octets: usize, family: &str| {
        if starts.len() % octets == 0 && classes.len() % 4 == 0 {
            Ok(())
        } else {
            Err(Fault::new(format!("its {family} ranges are not packed in whole numbers")))
        }
    };
    read(map.ipv4.starts, map.ipv4.classes, 4, "IPv4")?;
    read(map.ipv6.starts, map.ipv6.classes, 8, "IPv6")?;
    let in_ipv4 = u32::try_from(ladders.len()).map_err(|_| Fault::new("has too many classes"))?;
    let (classes4, mut classes6) = (small(map.ipv4.classes), small(map.ipv6.classes));
    for class in &mut classes6 {
        let held = (in_ipv4..).zip(IN_IPV4).find(|(_, (_, id))| id == class);
        *class = held.map_or(*class, |(number, _)| number);
    }
    let held = in_ipv4 + u32::try_from(IN_IPV4.len()).unwrap_or(0);
    for (classes, count) in [(&classes4, in_ipv4), (&classes6, held)] {
        if let Some(class) = classes.iter().find(|&&class| class >= count) {
            let count = ladders.len();
            return Err(Fault::new(format!("a range has class {class}, but there are {count}")));
        }
    }
    let ipv4 = Ranges::new(small(map.ipv4.starts), classes4)
        .map_err(|why| Fault::new(format!("its list of IPv4 ranges {why}")))?;
    let ipv6 = Ranges::new(large(map.ipv6.starts), classes6)
        .map_err(|why| Fault::new(format!("its list of IPv6 ranges {why}")))?;
    Ok(Map {
        stamp: super::new_stamp(),
        name: map.name.into(),
        datacenters: map.datacenters.iter().map(|&name| name.into()).collect(),
        ladders,
        in_ipv4,
        ipv4,
        ipv6,
    })
}

fn small(packed: &[u8]) -> Vec<u32> {
    packed.chunks_exact(4).map(|word| word.try_into().map_or(0, u32::from_le_bytes)).collect()
}

fn large(packed: &[u8]) -> Vec<u64> {
    packed.chunks_exact(8).map(|word| word.try_into().map_or(0, u64::from_le_bytes)).collect()
}

impl Map {
    /// The class of a client, and the length of the widest prefix around it that has it whole.
    #[must_use]
    #[inline]
    pub fn find(&self, client: IpAddr) -> (u32, u8) {
        match client {
            IpAddr::V4(v4) => self.ipv4.find(v4.to_bits()),
            IpAddr::V6(v6) => {
                let half = u64::try_from(v6.to_bits() >> 64).unwrap_or(0);
                let (class, prefix) = self.ipv6.find(half);
                if class < self.in_ipv4 { (class, prefix) } else { self.held(class, half, prefix) }
            }
        }
    }

    /// The class of the IPv4 address that an IPv6 address holds (6to4, RFC 3056; Teredo's server,
    /// RFC 4380); it is true for no more than the range of IPv6, `prefix` long.
    #[cold]
    fn held(&self, class: u32, half: u64, prefix: u8) -> (u32, u8) {
        let at = IN_IPV4.get((class - self.in_ipv4) as usize).map_or(0, |&(at, _)| at);
        let address = u32::try_from((half << at) >> 32).unwrap_or(0);
        let (class, inside) = self.ipv4.find(address);
        (class, prefix.max(at + inside))
    }
}
