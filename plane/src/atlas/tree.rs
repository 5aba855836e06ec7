//! The search tree of a `MaxMind` DB file (format 2.0, "Binary Search Tree Section"), walked whole.
//!
//! A node has two records: for the next bit 0 and for 1. A record below the count of nodes leads to a
//! node, the count itself means "not in the database", and one above it points to data. In a tree of
//! IPv6 the networks of IPv4 stand below `::/96`, and others may lead there, too: aliases, which are
//! told as such ([`IN_IPV4`]) and not walked again.

/// The ids of IPv6 networks in which an IPv4 address lies so many bits from the start.
pub const IN_IPV4: [(u8, u32); 2] = [(16, 0xffff_fff0), (32, 0xffff_fff1)];

/// Where the tree stands in a file, and how it is laid out.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: u32,
    record_size: u16,
    ipv6: bool,
    /// The record that all of IPv4 is below, and whether it was found 96 bits down.
    ipv4: u32,
    ipv4_is_whole: bool,
}

/// What an address comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    /// The database does not know it.
    Nothing,
    /// Its data stands so many octets into the data section.
    Data(u32),
    /// It points between the tree and the data.
    Nowhere,
    /// It holds an IPv4 address: one of [`IN_IPV4`].
    Alias(u32),
}

/// A part of the tree that is still to be walked.
#[derive(Clone, Copy)]
struct Branch {
    record: u32,
    depth: u8,
    /// The address so far, its bits to the left.
    address: u64,
}

impl Tree {
    /// Take the layout of a tree; its length in octets must have been compared with the file's.
    pub(super) fn new(file: &[u8], nodes: u32, record_size: u16, ipv6: bool) -> Self {
        let mut tree = Self { nodes, record_size, ipv6, ipv4: 0, ipv4_is_whole: true };
        if ipv6 {
            let mut left = 96;
            while left > 0 && tree.ipv4 < nodes {
                tree.ipv4 = tree.record(file, tree.ipv4, false);
                left -= 1;
            }
            tree.ipv4_is_whole = left == 0;
        }
        tree
    }

    /// Tell of each part of IPv4, in order: its first address, in the upper half, and what it is.
    pub(super) fn walk_ipv4(
        &self,
        file: &[u8],
        tell: impl FnMut(u64, Leaf),
    ) -> Result<(), &'static str> {
        self.walk(file, self.ipv4, 32, tell)
    }

    /// Tell of each part of IPv6, in order: its first address, of which the upper half counts.
    pub(super) fn walk_ipv6(
        &self,
        file: &[u8],
        mut tell: impl FnMut(u64, Leaf),
    ) -> Result<(), &'static str> {
        if self.ipv6 {
            self.walk(file, 0, 64, tell)
        } else {
            tell(0, Leaf::Nothing);
            Ok(())
        }
    }

    fn walk(
        &self,
        file: &[u8],
        from: u32,
        bits: u8,
        mut tell: impl FnMut(u64, Leaf),
    ) -> Result<(), &'static str> {
        let mut todo = vec![Branch { record: from, depth: 0, address: 0 }];
        // Each node is met once: a tree that led back into itself would be walked for ever.
        let mut left = u64::from(self.nodes) + 1;
        while let Some(Branch { mut record, mut depth, address }) = todo.pop() {
            while record < self.nodes && depth < bits {
                if let Some(alias) = self.alias(record, depth, bits) {
                    tell(address, Leaf::Alias(alias));
                    break;
                }
                left = left.checked_sub(1).ok_or("its search tree leads twice to one node")?;
                let one = address | 1 << (63 - depth);
                depth += 1;
                todo.push(Branch { record: self.record(file, record, true), depth, address: one });
                record = self.record(file, record, false);
            }
            if record >= self.nodes {
                tell(address, self.leaf(record));
            } else if depth == bits {
                tell(address, self.lowest(file, record));
            }
        }
        Ok(())
    }

    /// Whether a node of the IPv6 part is that of IPv4, under another address than `::/96`.
    fn alias(&self, record: u32, depth: u8, bits: u8) -> Option<u32> {
        if bits != 64 || record != self.ipv4 || !self.ipv4_is_whole {
            return None;
        }
        IN_IPV4.iter().find(|(at, _)| *at == depth).map(|&(_, id)| id)
    }

    /// What the lowest address below a node comes to.
    fn lowest(&self, file: &[u8], node: u32) -> Leaf {
        let mut record = node;
        for _ in 0..64 {
            if record >= self.nodes {
                break;
            }
            record = self.record(file, record, false);
        }
        self.leaf(record)
    }

    fn leaf(&self, record: u32) -> Leaf {
        // Between the tree and the data there are 16 octets of zeros, which pointers count.
        match record.checked_sub(self.nodes) {
            Some(0) | None => Leaf::Nothing,
            Some(pointer) => pointer.checked_sub(16).map_or(Leaf::Nowhere, Leaf::Data),
        }
    }

    #[inline]
    fn record(&self, file: &[u8], node: u32, right: bool) -> u32 {
        let word = |at: usize| {
            let octets = file.get(at..at + 4).and_then(|octets| octets.first_chunk());
            octets.map_or(self.nodes, |octets: &[u8; 4]| u32::from_be_bytes(*octets))
        };
        let node = node as usize;
        match (self.record_size, right) {
            (24, false) => word(node * 6) >> 8,
            (24, true) => word(node * 6 + 2) & 0x00ff_ffff,
            (28, false) => {
                let word = word(node * 7);
                word >> 8 | (word << 20) & 0x0f00_0000
            }
            (28, true) => word(node * 7 + 3) & 0x0fff_ffff,
            (_, false) => word(node * 8),
            (_, true) => word(node * 8 + 4),
        }
    }
}
