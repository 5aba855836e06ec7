//! What comes of packets that ask nothing that can be looked up: an error, or silence.

use super::{Packet, Thread, Transport, rule};
use crate::limit::{Kind, Ruling};
use crate::snapshot::World;
use crate::tally::{Counter, Tally};
use crate::wire::edns::Opt;
use crate::wire::query::Unasked;
use crate::wire::reply::{Reply, Verdict, header_alone};

/// Answer what is no query with an error, or with silence.
#[cold]
pub(super) fn refuse(
    world: &World,
    packet: &Packet<'_>,
    unasked: Unasked,
    thread: &mut Thread,
    tally: &Tally,
    out: &mut [u8],
) -> Option<(usize, Verdict)> {
    let silent = match unasked {
        Unasked::Short => Some(Counter::DroppedMalformed),
        Unasked::Response => Some(Counter::DroppedResponse),
        // There is nothing to cut off: what would be sent truncated is sent.
        _ if rule(world, packet, || (Kind::Error, packet.octets.len())) == Ruling::Drop => {
            Some(Counter::DroppedLimited)
        }
        _ => None,
    };
    if let Some(cause) = silent {
        tally.count(cause);
        return None;
    }
    match unasked {
        Unasked::Short | Unasked::Response => None,
        Unasked::Header(rcode) => {
            Some((header_alone(packet.octets, out, rcode)?, Verdict::of(rcode, None)))
        }
        Unasked::Question(rcode, end, has_edns) => {
            let verdict = Verdict::of(rcode, None);
            let policy = &*world.policy;
            let edns = has_edns.then_some(&thread.edns);
            let opt = Opt::new(policy.payload, packet.transport == Transport::Encrypted);
            let kept = edns.map_or(0, |edns| edns.length(&opt));
            let limit = packet.transport.limit(policy, edns);
            let head = packet.octets.get(..end)?;
            let mut reply = Reply::new(out, limit, head, kept, &mut thread.known, &thread.asked)?;
            if has_edns {
                tally.count(Counter::Edns);
            }
            Some((reply.finish(verdict, edns.map(|edns| (edns, &opt))), verdict))
        }
    }
}
