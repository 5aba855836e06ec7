"""A message that came in: its question, its signature, and how its reply is signed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gslb.model.names import from_wire
from gslb.transfer import tsig
from gslb.transfer.keys import Key, Keys
from gslb.transfer.packet import (
    FORMERR,
    OPT,
    Malformed,
    Question,
    error_reply,
    read_question,
    records,
    truncated,
)

PLAIN_PAYLOAD: Final = 512  # octets over UDP without EDNS, RFC 1035 section 4.2.1


@dataclass(slots=True)
class Request:
    """A message without its signature, and its question.

    `reply` is the error that it is answered with, and `why` says why, if it may not be looked at.
    """

    plain: bytes
    question: Question | None
    signer: tsig.Signer | None = None
    reply: bytes | None = None
    why: str = ""

    @property
    def key(self) -> Key | None:
        """The key that it is rightly signed with."""
        return self.signer.key if self.signer else None

    @property
    def spare(self) -> int:
        """How many octets the signature of a reply takes."""
        return len(self.key.wire) + tsig.OVERHEAD if self.key else 0

    @property
    def payload(self) -> int | None:
        """The longest answer that its sender takes over UDP; None without EDNS (RFC 6891)."""
        found = (one.fixed(self.plain)[1] for one in records(self.plain) if one.type == OPT)
        return next(found, None)

    def signed(self, reply: bytes, now: Callable[[], float], longest: int) -> bytes:
        """Give the reply signed, if the request was (RFC 8945 section 5.3).

        One that becomes too long is cut to its question, with TC (section 5.3.2).
        """
        if self.signer is None:
            return reply
        if len(reply) + self.spare > longest:
            reply = truncated(reply)
        return self.signer.sign(reply, now())


def read_request(message: bytes, keys: Keys, now: Callable[[], float]) -> Request:
    """Read a message of at least a header, and check its signature (RFC 8945 section 5.2)."""
    try:
        plain, signature = tsig.find(message)
        if signature is None:
            return Request(message, read_question(message))
        key, error = tsig.check(plain, signature, keys, now())
    except Malformed as fault:
        return Request(message, None, reply=error_reply(message, FORMERR), why=str(fault))
    if error or key is None:
        reply = tsig.rejected(message, signature, key, error, now())
        why = f"signed with {from_wire(signature.key)}, but {tsig.WORDS.get(error, error)}"
        return Request(plain, None, reply=reply, why=why)
    plain = message[:2] + plain[2:]  # the id of who asks now, if somebody stands between
    return Request(plain, read_question(plain), tsig.Signer(key, signature.mac))
