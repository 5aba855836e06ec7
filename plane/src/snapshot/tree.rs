//! The names of a zone as they are collected: each with its parent, empty non-terminals too.

use std::collections::HashMap;

use super::fault::Fault;
use super::steer::Span;
use super::table::{NONE, Table};
use super::zone::{Node, Rrset};
use crate::name::{self, Split};
use crate::wire::rtype;

/// Nodes in the order in which they were first named; parents come before their children.
pub(super) struct Tree<'d> {
    origin: &'d [u8],
    pub(super) nodes: Vec<Node>,
    pub(super) wires: Vec<&'d [u8]>,
    pub(super) by_name: HashMap<&'d [u8], u32>,
    parents: Vec<u32>,
}

impl<'d> Tree<'d> {
    pub(super) fn new(origin: &'d [u8]) -> Self {
        Self {
            origin,
            nodes: Vec::new(),
            wires: Vec::new(),
            by_name: HashMap::new(),
            parents: Vec::new(),
        }
    }

    /// The node of a name at or below the origin; made with all names between if it is new.
    pub(super) fn node(&mut self, wire: &'d [u8]) -> Result<u32, Fault> {
        if let Some(&node) = self.by_name.get(wire) {
            return Ok(node);
        }
        let parent = if wire == self.origin {
            NONE
        } else {
            let above =
                name::parent(wire).ok_or_else(|| Fault::new("a name is not in the zone"))?;
            self.node(above)?
        };
        let at = u32::try_from(self.nodes.len()).map_err(|_| Fault::new("has too many names"))?;
        if wire.starts_with(b"\x01*") {
            if let Some(above) = self.nodes.get_mut(parent as usize) {
                above.wildcard = at;
            }
        }
        self.nodes.push(Node {
            octets: 0,
            name: 0,
            rrsets: Span::default(),
            vip: NONE,
            veil: NONE,
            dname: false,
            wildcard: NONE,
        });
        self.parents.push(parent);
        self.wires.push(wire);
        self.by_name.insert(wire, at);
        Ok(at)
    }

    /// Tell each node the topmost delegation at or above it (NS anywhere but at the origin), or
    /// DNAME above it, whichever is nearer to the origin.
    pub(super) fn find_veils(&mut self, rrsets: &[Rrset]) {
        for at in 0..self.nodes.len() {
            let parent = self.parents.get(at).copied().unwrap_or(NONE);
            let above = self.nodes.get(parent as usize).map_or(NONE, |above| match above.veil {
                NONE if above.dname => parent,
                veil => veil,
            });
            let Some(node) = self.nodes.get_mut(at) else { continue };
            let has = |wanted| node.rrsets.of(rrsets).iter().any(|rrset| rrset.rtype == wanted);
            let (cut, dname) = (has(rtype::NS) && parent != NONE, has(rtype::DNAME));
            node.dname = dname;
            node.veil = match above {
                NONE if cut => u32::try_from(at).unwrap_or(NONE),
                above => above,
            };
        }
    }

    /// The delegations and DNAMEs, in the order of their nodes.
    pub(super) fn veils(&self) -> Vec<(u32, &'d [u8])> {
        let nodes = (0u32..).zip(&self.nodes).zip(&self.wires);
        nodes
            .filter(|((at, node), _)| node.veil == *at || node.dname)
            .map(|((at, _), wire)| (at, *wire))
            .collect()
    }

    /// Lay the names out one after the other, and make the table that finds them.
    pub(super) fn lay_out(mut self) -> Result<(Vec<Node>, Vec<u8>, Table), Fault> {
        let mut octets = Vec::new();
        let mut hashes = Vec::with_capacity(self.nodes.len());
        let mut split = Split::default();
        for (node, wire) in self.nodes.iter_mut().zip(&self.wires) {
            node.name =
                u32::try_from(octets.len()).map_err(|_| Fault::new("has too many names"))?;
            node.octets =
                u8::try_from(wire.len()).map_err(|_| Fault::new("has too long a name"))?;
            octets.extend_from_slice(wire);
            split.read(wire).ok_or_else(|| Fault::new("has a malformed name"))?;
            hashes.push(split.name().suffix(0).map_or(0, |(_, hash)| hash));
        }
        Ok((self.nodes, octets, Table::new(&hashes)))
    }
}
