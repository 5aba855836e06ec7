//! The SOA record of denials, written once: every NXDOMAIN and NODATA has it.
//!
//! Names in it are compressed against the origin, which stands in every question of the zone, and
//! against each other. What remains for an answer is to copy it and to set a few pointers.

use super::{IN, rtype};
use crate::name::parent;

/// A pointer in the record, and what it points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointer {
    /// The origin, wherever the question has it.
    Origin {
        /// Where in the record the pointer stands.
        at: u16,
    },
    /// A name in the record itself.
    Within {
        /// Where in the record the pointer stands.
        at: u16,
        /// Where in the record the name stands.
        to: u16,
    },
}

/// The record, ready to be copied.
#[derive(Debug, Default)]
pub struct Denial {
    /// Its octets; empty if it must be written name by name.
    pub record: Box<[u8]>,
    /// What is to be set in them.
    pub pointers: Box<[Pointer]>,
}

/// Write the SOA of an origin with the TTL of negative answers (RFC 2308 section 3); `None` if it
/// is longer than a message. Names are in wire form, `numbers` are the octets behind them.
#[must_use]
pub fn write(
    origin: &[u8],
    ttl: u32,
    (primary, contact): (&[u8], &[u8]),
    numbers: &[u8],
) -> Option<Denial> {
    if origin == [0] {
        return Some(Denial::default()); // the root cannot be pointed to
    }
    let mut writer = Writer { origin, record: Vec::new(), pointers: Vec::new(), known: Vec::new() };
    writer.name(origin)?;
    writer.record.extend_from_slice(&rtype::SOA.to_be_bytes());
    writer.record.extend_from_slice(&IN.to_be_bytes());
    writer.record.extend_from_slice(&ttl.to_be_bytes());
    let length_at = writer.record.len();
    writer.record.extend_from_slice(&[0, 0]);
    writer.name(primary)?;
    writer.name(contact)?;
    writer.record.extend_from_slice(numbers);
    let Writer { mut record, pointers, .. } = writer;
    let length = number(record.len() - length_at - 2)?;
    if let Some(slot) = record.get_mut(length_at..length_at + 2) {
        slot.copy_from_slice(&length.to_be_bytes());
    }
    Some(Denial { record: record.into(), pointers: pointers.into() })
}

struct Writer<'d> {
    origin: &'d [u8],
    record: Vec<u8>,
    pointers: Vec<Pointer>,
    known: Vec<(&'d [u8], u16)>,
}

impl<'d> Writer<'d> {
    fn name(&mut self, name: &'d [u8]) -> Option<()> {
        let mut rest = name;
        loop {
            let at = number(self.record.len())?;
            let known = self.known.iter().find(|(known, _)| *known == rest).map(|&(_, to)| to);
            let pointer = match known {
                _ if rest == self.origin => Some(Pointer::Origin { at }),
                Some(to) => Some(Pointer::Within { at, to }),
                None => None,
            };
            if let Some(pointer) = pointer {
                self.pointers.push(pointer);
                self.record.extend_from_slice(&[0xc0, 0]);
                return Some(());
            }
            let Some(below) = parent(rest) else {
                self.record.push(0);
                return Some(());
            };
            self.known.push((rest, at));
            let label = rest.len() - below.len();
            self.record.extend_from_slice(rest.get(..label).unwrap_or_default());
            rest = below;
        }
    }
}

fn number(length: usize) -> Option<u16> {
    u16::try_from(length).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_point_to_the_origin_and_to_each_other() {
        let origin = b"\x01z\0";
        let denial = write(origin, 300, (b"\x02ns\x01z\0", b"\x01z\0"), &[7; 20]).unwrap();
        let data = [&b"\x02ns\xc0\0\xc0\0"[..], &[7; 20]].concat();
        let length = u8::try_from(data.len()).unwrap();
        let head = [0xc0, 0, 0, 6, 0, 1, 0, 0, 1, 44, 0, length];
        assert_eq!(*denial.record, [&head[..], &data].concat());
        let at = |at| Pointer::Origin { at };
        assert_eq!(*denial.pointers, [at(0), at(15), at(17)]);

        let names = (&b"\x02ns\x03net\0"[..], &b"\x05admin\x03net\0"[..]);
        let denial = write(origin, 300, names, &[7; 20]).unwrap();
        assert_eq!(denial.record[12..28], *b"\x02ns\x03net\0\x05admin\xc0\0");
        assert_eq!(*denial.pointers, [at(0), Pointer::Within { at: 26, to: 15 }]);
    }

    #[test]
    fn the_root_has_none() {
        assert!(write(&[0], 1, (&[0], &[0]), &[0; 20]).unwrap().record.is_empty());
    }
}
