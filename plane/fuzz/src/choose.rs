//! Choices made by octets: how a structured target turns an input into a structure.

/// Octets that are used up from their front; behind their end stand zeros.
#[derive(Clone, Copy, Debug)]
pub struct Choices<'o>(pub &'o [u8]);

impl<'o> Choices<'o> {
    /// The next octet.
    pub fn octet(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// The next two octets as a number.
    pub fn word(&mut self) -> u16 {
        u16::from_be_bytes([self.octet(), self.octet()])
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::from(self.octet()) % all.len()]
    }

    /// So many octets, or what is left.
    pub fn octets(&mut self, count: usize) -> &'o [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Fewer octets than this, how many being a choice too.
    pub fn fewer_than(&mut self, count: u16) -> &'o [u8] {
        let count = self.word() % count;
        self.octets(count.into())
    }

    /// So many octets, with zeros behind the end.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.octet())
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }
}
