//! What the server says about itself: class CH (RFC 4892), as far as the policy lets it.

use crate::snapshot::Policy;
use crate::wire::edns::ExtendedError;
use crate::wire::reply::{Reply, Verdict};
use crate::wire::{Rcode, rtype};

/// Answer a question of class CH for a name in lower case.
pub(crate) fn answer(policy: &Policy, name: &[u8], qtype: u16, reply: &mut Reply<'_>) -> Verdict {
    let refused = Verdict::of(Rcode::Refused, Some(ExtendedError::Prohibited));
    let text = match name {
        b"\x07version\x04bind\0" | b"\x07version\x06server\0" => &policy.version,
        b"\x02id\x06server\0" | b"\x08hostname\x04bind\0" => &policy.identity,
        _ => return refused,
    };
    if text.is_empty() {
        return refused;
    }
    let mut verdict = Verdict { authoritative: true, ..Verdict::of(Rcode::Noerror, None) };
    if matches!(qtype, rtype::TXT | rtype::ANY) {
        let clean = reply.mark();
        verdict.truncated = reply.put_chaos_text(text).is_err();
        if verdict.truncated {
            reply.back_to(clean);
        }
    }
    verdict
}
