//! How far the aliases of one answer are followed.

use super::MAX_LINKS;
use crate::name::{Split, is_within};

/// The way from alias to alias: by which names, the question's first, the newest last.
pub(super) struct Chain<'a> {
    renamed: &'a mut [Split],
    names: [&'a [u8]; MAX_LINKS + 1],
    pub(super) links: usize,
}

impl<'a> Chain<'a> {
    /// Begin with the name asked for.
    #[inline]
    pub(super) fn new(asked: &'a [u8], renamed: &'a mut [Split]) -> Self {
        let mut names: [&[u8]; MAX_LINKS + 1] = [&[]; MAX_LINKS + 1];
        names[0] = asked;
        Self { renamed, names, links: 0 }
    }

    /// Follow an alias to its target; false if the target is in another zone, or closes a loop,
    /// or if there have been too many.
    #[inline]
    pub(super) fn add(&mut self, next: &'a [u8], origin: &[u8]) -> bool {
        let seen = self.names.iter().take(self.links + 1).any(|name| *name == next);
        let Some(slot) = self.names.get_mut(self.links + 1) else {
            return false;
        };
        *slot = next;
        self.links += 1;
        !seen && is_within(next, origin)
    }

    /// Whether a name before the newest was below this one: its DNAME is in the answer already,
    /// where it may not stand twice (RFC 2181 section 5).
    pub(super) fn came_below(&self, above: &[u8]) -> bool {
        let mut before = self.names.iter().take(self.links);
        before.any(|name| name.len() > above.len() && is_within(name, above))
    }

    /// Room for the name that a DNAME makes; `None` if there have been too many.
    pub(super) fn room(&mut self) -> Option<&'a mut Split> {
        if self.links >= MAX_LINKS {
            return None;
        }
        let (first, rest) = std::mem::take(&mut self.renamed).split_first_mut()?;
        self.renamed = rest;
        Some(first)
    }
}
