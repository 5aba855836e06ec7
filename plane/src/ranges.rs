//! Client ranges: sorted starts with a class each, found by one short search.
//!
//! Not a tree: neighbours of equal class are merged before they come here, so that a class is one
//! search away and the widest true prefix follows from the range's two neighbours.

/// Starts with at least this many ranges get a directory over the address's top 16 bits.
const DIRECTORY_FROM: usize = 256;

/// An address as ranges see it: 32 bits of IPv4, or the upper 64 of IPv6.
pub trait Number: Copy + Ord + Default {
    /// How many leading bits tell ranges apart.
    const BITS: u8;
    /// The leading 16 bits.
    fn top(self) -> u16;
    /// How many leading bits are equal in two addresses.
    fn common(self, other: Self) -> u8;
    /// The address before; wraps at 0.
    #[must_use]
    fn before(self) -> Self;
}

impl Number for u32 {
    const BITS: u8 = 32;
    #[inline]
    fn top(self) -> u16 {
        let [a, b, ..] = self.to_be_bytes();
        u16::from_be_bytes([a, b])
    }
    #[inline]
    fn common(self, other: Self) -> u8 {
        u8::try_from((self ^ other).leading_zeros()).unwrap_or(32)
    }
    #[inline]
    fn before(self) -> Self {
        self.wrapping_sub(1)
    }
}

impl Number for u64 {
    const BITS: u8 = 64;
    #[inline]
    fn top(self) -> u16 {
        let [a, b, ..] = self.to_be_bytes();
        u16::from_be_bytes([a, b])
    }
    #[inline]
    fn common(self, other: Self) -> u8 {
        u8::try_from((self ^ other).leading_zeros()).unwrap_or(64)
    }
    #[inline]
    fn before(self) -> Self {
        self.wrapping_sub(1)
    }
}

/// A class for each range, in as few octets as they take.
#[derive(Debug)]
enum Classes {
    Few(Box<[u16]>),
    Many(Box<[u32]>),
}

impl Classes {
    fn new(classes: Vec<u32>) -> Self {
        let few: Result<_, _> = classes.iter().map(|&class| u16::try_from(class)).collect();
        few.map_or_else(|_| Self::Many(classes.into()), Self::Few)
    }

    #[inline]
    fn at(&self, at: usize) -> u32 {
        match self {
            Self::Few(classes) => classes.get(at).map_or(0, |&class| u32::from(class)),
            Self::Many(classes) => classes.get(at).copied().unwrap_or(0),
        }
    }
}

/// Ranges that cover all addresses of one family.
#[derive(Debug)]
pub struct Ranges<N> {
    starts: Box<[N]>,
    classes: Classes,
    /// For each value of the top 16 bits, how many starts are below its first address; may be empty.
    directory: Box<[u32]>,
}

impl<N: Number> Ranges<N> {
    /// Take starts and a class for each.
    ///
    /// # Errors
    /// A phrase, if there is not one class for each start, or if the starts do not begin with 0
    /// and ascend.
    pub fn new(starts: Vec<N>, classes: Vec<u32>) -> Result<Self, &'static str> {
        if starts.len() != classes.len() {
            return Err("does not have one class for each start");
        }
        if starts.first() != Some(&N::default()) {
            return Err("does not begin at address 0");
        }
        if !starts.is_sorted_by(|a, b| a < b) {
            return Err("has starts that do not ascend");
        }
        let mut directory = Vec::new();
        if starts.len() >= DIRECTORY_FROM {
            let mut at = 0;
            for top in 0..=u16::MAX {
                while starts.get(at).is_some_and(|start| start.top() < top) {
                    at += 1;
                }
                directory.push(u32::try_from(at).map_err(|_| "has too many ranges")?);
            }
            directory.push(u32::try_from(starts.len()).map_err(|_| "has too many ranges")?);
        }
        Ok(Self {
            starts: starts.into(),
            classes: Classes::new(classes),
            directory: directory.into(),
        })
    }

    /// The class of an address, and the length of the widest prefix around it that is all of it.
    #[must_use]
    #[inline]
    pub fn find(&self, address: N) -> (u32, u8) {
        let next = self.first_above(address);
        let at = next.saturating_sub(1);
        let class = self.classes.at(at);
        // The prefix must be longer than what the address shares with either neighbour.
        let below = match self.starts.get(at) {
            Some(&start) if at > 0 => address.common(start.before()) + 1,
            _ => 0,
        };
        let above = self.starts.get(next).map_or(0, |&start| address.common(start) + 1);
        (class, below.max(above))
    }

    /// How many starts are at or below an address.
    #[inline]
    fn first_above(&self, address: N) -> usize {
        let top = usize::from(address.top());
        let (from, to) = match (self.directory.get(top), self.directory.get(top + 1)) {
            (Some(&from), Some(&to)) => {
                (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0))
            }
            _ => (0, self.starts.len()),
        };
        let within = self.starts.get(from..to).unwrap_or_default();
        from + within.partition_point(|&start| start <= address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_class_and_the_widest_prefix() {
        let ranges = Ranges::new(
            vec![0u32, 0x0a00_0000, 0x0a40_0000, 0x0a80_0000, 0x0b00_0000],
            vec![0, 1, 2, 1, 0],
        )
        .unwrap();
        assert_eq!(ranges.find(0x0a01_0203), (1, 10));
        assert_eq!(ranges.find(0x0ac8_0000), (1, 9));
        assert_eq!(ranges.find(0x0a4d_0100), (2, 10));
        assert_eq!(ranges.find(0xcb00_7100), (0, 1));
        assert_eq!(ranges.find(0), (0, 5));
        assert_eq!(ranges.find(0x0a3f_ffff), (1, 10));
    }

    #[test]
    fn one_range_is_one_prefix_of_length_0() {
        assert_eq!(Ranges::new(vec![0u64], vec![3]).unwrap().find(77), (3, 0));
    }

    #[test]
    fn the_directory_finds_what_the_search_finds() {
        let starts: Vec<u32> = (0..5000u32).map(|n| n.wrapping_mul(858_993) & !0xff).collect();
        let mut starts: Vec<u32> = starts.into_iter().chain([0]).collect();
        starts.sort_unstable();
        starts.dedup();
        let classes: Vec<u32> = (0..u32::try_from(starts.len()).unwrap()).collect();
        let with = Ranges::new(starts.clone(), classes.clone()).unwrap();
        assert!(!with.directory.is_empty());
        let without = Ranges {
            directory: Box::default(),
            starts: starts.into(),
            classes: Classes::new(classes),
        };
        for n in 0..200_000u32 {
            let address = n.wrapping_mul(2_654_435_761);
            assert_eq!(with.find(address), without.find(address), "{address:x}");
        }
        for edge in [0, 1, 255, 256, u32::MAX] {
            assert_eq!(with.find(edge), without.find(edge));
        }
    }

    #[test]
    fn refuses_what_is_not_ranges() {
        assert!(Ranges::<u32>::new(vec![], vec![]).is_err());
        assert!(Ranges::new(vec![1u32], vec![0]).is_err());
        assert!(Ranges::new(vec![0u32, 0], vec![0, 1]).is_err());
        assert!(Ranges::new(vec![0u32, 2, 1], vec![0, 1, 0]).is_err());
        assert!(Ranges::new(vec![0u32, 2], vec![0]).is_err());
    }
}
