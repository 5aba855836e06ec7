//! One database file, read whole and checked: a file that changes under us changes nothing here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use maxminddb::{Metadata, Reader};

use super::tree::{Leaf, Tree};

/// Octets of the data section for which one count of places stands.
const BLOCK: usize = 64;

/// What the metadata begins with; the data section ends before it.
const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// A file's octets, which reader and tree share.
#[derive(Clone, Debug)]
pub(super) struct File(Arc<Vec<u8>>);

impl AsRef<[u8]> for File {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A database in memory.
#[derive(Debug)]
pub struct Database {
    pub(super) reader: Reader<File>,
    file: File,
    tree: Tree,
    places: Places,
    /// An address of each place but 0, in the order of their numbers.
    pub(super) addresses: Box<[IpAddr]>,
}

impl Database {
    /// Read and check a file.
    ///
    /// # Errors
    /// Those of reading it; or a phrase that says what is wrong with it, as `InvalidData`.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::new(fs::read(path)?).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))
    }

    /// Check the octets of a file.
    ///
    /// # Errors
    /// A phrase that says what is wrong with it.
    pub fn new(octets: Vec<u8>) -> Result<Self, String> {
        let file = File(Arc::new(octets));
        let reader = Reader::from_source(file.clone())
            .map_err(|error| format!("it is no whole MaxMind DB file: {error}"))?;
        let found = reader.metadata();
        let (nodes, size) = (found.node_count, found.record_size);
        let tree = Tree::new(file.as_ref(), nodes, size, found.ip_version == 6);
        let section = nodes as usize * usize::from(size) / 4 + 16;
        let end = file.as_ref().windows(MARKER.len()).rposition(|octets| octets == MARKER);
        let octets = end.unwrap_or(0).saturating_sub(section);
        let (places, addresses) = Places::find(&tree, file.as_ref(), octets)?;
        let database = Self { reader, file, tree, places, addresses };
        // A record that cannot be read must be known now, while another file may still be in use.
        database.columns(&[])?;
        Ok(database)
    }

    /// What the file says of itself.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        self.reader.metadata()
    }

    /// How many places there are, with place 0.
    #[must_use]
    pub fn places(&self) -> usize {
        self.addresses.len() + 1
    }

    /// What the database says of one address, and the length of the network that it says it of.
    ///
    /// # Errors
    /// A phrase, if the record cannot be read.
    pub fn look(&self, address: IpAddr) -> Result<(Option<serde_json::Value>, u8), String> {
        let read = || {
            let found = self.reader.lookup(address)?;
            Ok((found.decode()?, found.network()?.prefix()))
        };
        read().map_err(|error: maxminddb::MaxMindDbError| {
            format!("its record of {address} cannot be read: {error}")
        })
    }

    /// Tell of each part of IPv4 with its id, in order.
    pub(super) fn walk_ipv4(&self, ids: &[u32], mut tell: impl FnMut(u32, u32)) {
        let told = self.tree.walk_ipv4(self.file.as_ref(), |start, leaf| {
            tell(u32::try_from(start >> 32).unwrap_or(0), self.id(leaf, ids));
        });
        debug_assert!(told.is_ok(), "it was walked before");
    }

    /// Tell of each part of IPv6 with its id, in order.
    pub(super) fn walk_ipv6(&self, ids: &[u32], mut tell: impl FnMut(u64, u32)) {
        let told =
            self.tree.walk_ipv6(self.file.as_ref(), |start, leaf| tell(start, self.id(leaf, ids)));
        debug_assert!(told.is_ok(), "it was walked before");
    }

    fn id(&self, leaf: Leaf, ids: &[u32]) -> u32 {
        match leaf {
            Leaf::Alias(id) => id,
            Leaf::Nothing | Leaf::Nowhere => ids.first().copied().unwrap_or(0),
            Leaf::Data(at) => ids.get(self.places.number(at)).copied().unwrap_or(0),
        }
    }
}

/// Which octets of the data section begin a record that the tree points to.
///
/// A place's number is how many such records begin at or before its own.
#[derive(Debug)]
struct Places {
    begins: Box<[u64]>,
    before: Box<[u32]>,
}

impl Places {
    /// Walk the tree: find where records begin, and an address of each.
    fn find(tree: &Tree, file: &[u8], octets: usize) -> Result<(Self, Box<[IpAddr]>), String> {
        let mut begins = vec![0u64; octets.div_ceil(BLOCK)];
        let mut found: Vec<(u32, IpAddr)> = Vec::new();
        let mut beyond = false;
        let mut meet = |leaf, address: &dyn Fn() -> IpAddr| {
            let at = match leaf {
                Leaf::Data(at) if (at as usize) < octets => at,
                Leaf::Data(_) | Leaf::Nowhere => {
                    beyond = true;
                    return;
                }
                Leaf::Nothing | Leaf::Alias(_) => return,
            };
            let Some(block) = begins.get_mut(at as usize / BLOCK) else { return };
            let bit = 1 << (at as usize % BLOCK);
            if *block & bit == 0 {
                *block |= bit;
                found.push((at, address()));
            }
        };
        let v4 = |start: u64| Ipv4Addr::from_bits(u32::try_from(start >> 32).unwrap_or(0)).into();
        let v6 = |start: u64| Ipv6Addr::from_bits(u128::from(start) << 64).into();
        tree.walk_ipv4(file, |start, leaf| meet(leaf, &|| v4(start)))?;
        tree.walk_ipv6(file, |start, leaf| meet(leaf, &|| v6(start)))?;
        if beyond {
            return Err("its search tree points out of its data".to_owned());
        }
        found.sort_unstable_by_key(|&(at, _)| at);
        let mut count = 0;
        let before = begins.iter().map(|block| {
            count += block.count_ones();
            count - block.count_ones()
        });
        let before = before.collect();
        let addresses = found.into_iter().map(|(_, address)| address).collect();
        Ok((Self { begins: begins.into(), before }, addresses))
    }

    #[inline]
    fn number(&self, at: u32) -> usize {
        let block = at as usize / BLOCK;
        let (Some(&begins), Some(&before)) = (self.begins.get(block), self.before.get(block))
        else {
            return 0;
        };
        let upto = begins & (u64::MAX >> (BLOCK - 1 - at as usize % BLOCK));
        (before + upto.count_ones()) as usize
    }
}
