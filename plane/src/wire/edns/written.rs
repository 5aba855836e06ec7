//! The OPT record of a reply, written: what most replies say in a few whole words, all else option
//! by option.

use std::net::IpAddr;

use super::{COOKIE, Edns, ExtendedError, NSID, OPT, Opt, PADDING, Subnet};
use crate::wire::cookie;

/// Octets of an OPT record before the lower half of its flags.
const FIXED: usize = 8;
const EXTENDED_ERROR: u16 = 15; // RFC 8914 section 2
/// Octets of an extended error without text.
const ERROR: usize = 6;
/// Encrypted replies are padded to a multiple of this (RFC 8467 section 4.1).
const BLOCK: usize = 468;

/// Writes options one after the other into the room behind a reply's records.
struct Writer<'o> {
    out: &'o mut [u8],
    at: usize,
}

impl Writer<'_> {
    #[inline]
    fn put(&mut self, octets: &[u8]) -> Option<()> {
        let end = self.at + octets.len();
        self.out.get_mut(self.at..end)?.copy_from_slice(octets);
        self.at = end;
        Some(())
    }

    #[inline]
    fn option(&mut self, code: u16, length: usize) -> Option<()> {
        let ([c1, c2], [l1, l2]) = (code.to_be_bytes(), u16::try_from(length).ok()?.to_be_bytes());
        self.put(&[c1, c2, l1, l2])
    }
}

/// Write an OPT record into `out`, which is all the room there is; give its length, or `None` if
/// that is too little. `before` octets stand in front of it, for padding.
///
/// `scope` is the prefix for which the answer is true; it goes out with a client subnet only. An
/// extended error is left out where it does not fit.
#[expect(clippy::inline_always, reason = "it has one hot caller")]
#[inline(always)]
pub(in crate::wire) fn write(
    out: &mut [u8],
    edns: &Edns,
    opt: &Opt<'_>,
    (rcode, scope, error): (u16, u8, Option<ExtendedError>),
    before: usize,
) -> Option<usize> {
    let fixed = fixed(edns, opt, rcode);
    if error.is_none() {
        if !edns.has_options {
            let record = out.first_chunk_mut::<OPT>()?;
            let (head, length) = record.split_first_chunk_mut()?;
            *head = fixed;
            length.fill(0);
            return Some(OPT);
        }
        if let Some(length) = write_subnet_alone(out, fixed, edns, opt, scope) {
            return Some(length);
        }
    }
    write_options(out, fixed, edns, opt, (scope, error), before)
}

/// What an OPT record begins with: root, type, payload, upper bits of the response code, version
/// and DO (RFC 6891 section 6.1.2). Three octets follow: the rest of the flags, and the length.
#[inline]
fn fixed(edns: &Edns, opt: &Opt<'_>, rcode: u16) -> [u8; FIXED] {
    let upper = u64::from(rcode >> 4); // 8 of 12 bits
    let flags = if edns.dnssec_ok { 0x80 } else { 0 };
    (0x29 << 40 | u64::from(opt.payload) << 24 | upper << 16 | flags).to_be_bytes()
}

/// Write what most queries with options get: nothing but the client subnet that they told; `None`
/// if there is more to say, or no room.
#[inline]
fn write_subnet_alone(
    out: &mut [u8],
    fixed: [u8; FIXED],
    edns: &Edns,
    opt: &Opt<'_>,
    scope: u8,
) -> Option<usize> {
    if opt.cookie.is_some() || !opt.nsid.is_empty() || (opt.encrypted && edns.padding) {
        return None;
    }
    let &Subnet { ref address, source, family } = edns.subnet.as_ref()?;
    let told = source.div_ceil(8);
    let rest = (0x0800_0800_0400 + (u64::from(told) << 40 | u64::from(told) << 8)).to_be_bytes();
    // The address goes out whole, what is not told of it behind the record's end: writes of fixed
    // lengths are one instruction each.
    match (address, family) {
        (IpAddr::V4(v4), 1) => {
            let record = out.first_chunk_mut::<23>()?;
            let (first, behind) = record.split_first_chunk_mut()?;
            let (second, behind) = behind.split_first_chunk_mut()?;
            (*first, *second) = (fixed, rest);
            let [a, b, c, d] = v4.octets();
            *behind.first_chunk_mut()? = [1, source, scope, a, b, c, d];
        }
        (IpAddr::V6(v6), _) => {
            let record = out.first_chunk_mut::<35>()?;
            let (first, behind) = record.split_first_chunk_mut()?;
            let (second, behind) = behind.split_first_chunk_mut()?;
            (*first, *second) = (fixed, rest);
            let (kind, address) = behind.split_first_chunk_mut()?;
            *kind = [2, source, scope];
            *address.first_chunk_mut()? = v6.octets();
        }
        (IpAddr::V4(_), _) => return None,
    }
    Some(OPT + 8 + usize::from(told))
}

/// Write an OPT record with whatever options are due.
#[inline(never)]
fn write_options(
    out: &mut [u8],
    fixed: [u8; FIXED],
    edns: &Edns,
    opt: &Opt<'_>,
    (scope, error): (u8, Option<ExtendedError>),
    before: usize,
) -> Option<usize> {
    let mut writer = Writer { out, at: 0 };
    writer.put(&fixed)?;
    writer.put(&[0, 0, 0])?;
    if let Some(subnet) = &edns.subnet {
        write_subnet(&mut writer, subnet, scope)?;
    }
    if let (Some(server), Some(asked)) = (&opt.cookie, &edns.cookie) {
        writer.option(COOKIE, cookie::WHOLE)?;
        writer.put(&asked.client)?;
        writer.put(server)?;
    }
    if !opt.nsid.is_empty() {
        writer.option(NSID, opt.nsid.len())?;
        writer.put(opt.nsid)?;
    }
    if let Some(error) = error {
        let text = error.text();
        if writer.out.len() - writer.at >= ERROR + text.len() {
            writer.option(EXTENDED_ERROR, 2 + text.len())?;
            writer.put(&(error as u16).to_be_bytes())?;
            writer.put(text)?;
        }
    }
    if opt.encrypted && edns.padding {
        pad(&mut writer, before);
    }
    let length = writer.at;
    if length > OPT {
        let [l1, l2] = u16::try_from(length - OPT).ok()?.to_be_bytes();
        if let Some([_, _, _, _, _, _, _, _, _, high, low]) = writer.out.first_chunk_mut::<OPT>() {
            (*high, *low) = (l1, l2);
        }
    }
    Some(length)
}

fn write_subnet(writer: &mut Writer<'_>, subnet: &Subnet, scope: u8) -> Option<()> {
    let told = subnet.octets();
    let length = u8::try_from(told + 4).ok()?;
    let [f1, f2] = subnet.family.to_be_bytes();
    let head = [0, 8, 0, length, f1, f2, subnet.source, scope];
    writer.put(&head)?;
    match subnet.address {
        IpAddr::V4(v4) => writer.put(v4.octets().get(..told)?),
        IpAddr::V6(v6) => writer.put(v6.octets().get(..told)?),
    }
}

/// Pad a reply to a whole number of blocks, as far as there is room.
fn pad(writer: &mut Writer<'_>, before: usize) {
    let bare = before + writer.at + 4;
    let room = (writer.out.len() - writer.at).saturating_sub(4);
    let zeros = (bare.next_multiple_of(BLOCK) - bare).min(room);
    if writer.option(PADDING, zeros).is_some() {
        if let Some(padding) = writer.out.get_mut(writer.at..writer.at + zeros) {
            padding.fill(0);
            writer.at += zeros;
        }
    }
}
