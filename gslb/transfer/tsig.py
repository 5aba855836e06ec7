"""TSIG (RFC 8945): messages signed by a shared secret, checked and made.

    find     take the signature off a message
    check    whether it is right: the key, the MAC, the time
    Signer   sign a reply, or each message of a stream of them, by a running MAC
    rejected the reply to a request whose signature is not right

No clock and no socket: `now` is an argument, unix seconds.
"""

import hmac
import struct
from dataclasses import dataclass
from typing import Final

from gslb.transfer.keys import DIGESTS, Key, Keys
from gslb.transfer.packet import (
    NOTAUTH,
    TSIG,
    Malformed,
    count_additional,
    error_reply,
    read_name,
    records,
    with_id,
)

BADSIG: Final = 16
BADKEY: Final = 17
BADTIME: Final = 18
BADTRUNC: Final = 22

WORDS: Final = {
    BADSIG: "the signature does not fit (BADSIG): the secrets differ, or somebody changed it",
    BADKEY: "the key or its algorithm is not known here (BADKEY)",
    BADTIME: "it was signed at another time (BADTIME): one of the clocks is wrong",
    BADTRUNC: "the signature was cut too short (BADTRUNC)",
}
"""What each error means to who reads the log."""

FUDGE: Final = 300
"""Seconds that the clocks may differ (RFC 8945 section 10)."""

OVERHEAD: Final = 10 + 6 + 2 + 2 + 64 + 2 + 2 + 2 + 6 + 13
"""Octets that a signature may add beside the key's name."""

_ANY = 255  # class
_LEAST_MAC = 10  # octets, RFC 8945 section 5.2.2.1


@dataclass(frozen=True, slots=True)
class Signature:
    """What a TSIG record says (RFC 8945 section 4.2); names in lower-case wire form."""

    key: bytes
    algorithm: bytes
    time: int
    fudge: int
    mac: bytes
    original_id: int
    error: int = 0
    other: bytes = b""

    @property
    def variables(self) -> bytes:
        """What is signed beside the message (RFC 8945 section 4.3.3)."""
        head = self.key + struct.pack("!HI", _ANY, 0) + self.algorithm
        return head + self.timers + struct.pack("!HH", self.error, len(self.other)) + self.other

    @property
    def timers(self) -> bytes:
        """What is signed in a stream from its second message on (RFC 8945 section 5.3.1)."""
        return _time(self.time) + struct.pack("!H", self.fudge)

    def put_on(self, message: bytes) -> bytes:
        """Give the message with this signature as its last record."""
        data = self.algorithm + self.timers + struct.pack("!H", len(self.mac)) + self.mac
        data += struct.pack("!HHH", self.original_id, self.error, len(self.other)) + self.other
        record = self.key + struct.pack("!HHIH", TSIG, _ANY, 0, len(data)) + data
        return count_additional(message, 1) + record


def _time(seconds: int) -> bytes:
    return seconds.to_bytes(6, "big")


def find(message: bytes) -> tuple[bytes, Signature | None]:
    """Take the signature off: give the message as it was signed, and the signature if there is one.

    Malformed if the message is, or the signature is, or is not the last record, or is not alone
    (RFC 8945 section 5.1).
    """
    found = records(message)
    signed = [record for record in found if record.type == TSIG]
    if not signed:
        return message, None
    last = found[-1]
    (additional,) = struct.unpack_from("!H", message, 10)
    if signed != [last] or additional == 0 or last.end != len(message):
        raise Malformed("a TSIG record stands where it may not")
    if last.fixed(message)[1:3] != (_ANY, 0):
        raise Malformed("a TSIG record has another class than ANY, or a TTL")
    signature = _read(read_name(message, last.start), message[last.data : last.end])
    plain = count_additional(message[: last.start], -1)
    return with_id(plain, signature.original_id), signature


def _read(key: bytes, data: bytes) -> Signature:
    algorithm = read_name(data, 0)
    at = len(algorithm)
    try:
        high, low, fudge, size = struct.unpack_from("!HIHH", data, at)
        mac = data[at + 10 : at + 10 + size]
        original_id, error, length = struct.unpack_from("!HHH", data, at + 10 + size)
    except struct.error as failure:
        raise Malformed("a TSIG record is cut off") from failure
    other = data[at + 16 + size :]
    if len(other) != length:
        raise Malformed("a TSIG record is longer or shorter than it says")
    return Signature(key, algorithm, high << 32 | low, fudge, mac, original_id, error, other)


def check(
    plain: bytes, signature: Signature, keys: Keys, now: float, prior: bytes = b""
) -> tuple[Key | None, int]:
    """Check a signature: give the key if it is known, and 0 or the error, in the RFC's order.

    `plain` is the message as `find` gives it; `prior` the MAC of the request, if this is a reply.
    Malformed for a MAC of a length that none may have (RFC 8945 section 5.2).
    """
    key = keys.get(signature.key)
    if key is None or key.algorithm_wire != signature.algorithm:
        return None, BADKEY
    right = _mac(key, prior, plain, signature.variables)
    if not max(_LEAST_MAC, len(right) // 2) <= len(signature.mac) <= len(right):
        raise Malformed(f"a {key.algorithm} signature has {len(signature.mac)} octets")
    if not hmac.compare_digest(signature.mac, right[: len(signature.mac)]):
        return key, BADSIG
    if abs(now - signature.time) > signature.fudge:
        return key, BADTIME
    return key, BADTRUNC if len(signature.mac) < len(right) else 0


def _mac(key: Key, prior: bytes, message: bytes, rest: bytes) -> bytes:
    mac = hmac.new(key.secret, digestmod=DIGESTS[key.algorithm])
    if prior:
        mac.update(struct.pack("!H", len(prior)) + prior)
    mac.update(message)
    mac.update(rest)
    return mac.digest()


class Signer:
    """Signs messages by one key: a request, the reply to one, or a stream of replies.

    `mac` is that of the request, empty if a request is to be signed; it runs on with each message.
    """

    def __init__(self, key: Key, mac: bytes = b"") -> None:
        self.key = key
        self.mac = mac
        self._first = True

    def sign(self, message: bytes, now: float, *, error: int = 0, at: int | None = None) -> bytes:
        """Give the message signed; `at` stands in for `now` as the time of the signature."""
        signature = Signature(
            self.key.wire,
            self.key.algorithm_wire,
            int(now) if at is None else at,
            FUDGE,
            b"",
            int.from_bytes(message[:2], "big"),
            error,
            _time(int(now)) if error == BADTIME else b"",
        )
        rest = signature.variables if self._first else signature.timers
        self.mac = _mac(self.key, self.mac, message, rest)
        self._first = False
        return _with_mac(signature, self.mac).put_on(message)


def _with_mac(signature: Signature, mac: bytes) -> Signature:
    return Signature(
        signature.key,
        signature.algorithm,
        signature.time,
        signature.fudge,
        mac,
        signature.original_id,
        signature.error,
        signature.other,
    )


def rejected(
    request: bytes, signature: Signature, key: Key | None, error: int, now: float
) -> bytes:
    """Answer a request whose signature is not right: NOTAUTH, and why (RFC 8945 section 5.2).

    Only where the signature was right but its time was not, or it was too short, is this signed.
    """
    reply = error_reply(request, NOTAUTH)
    if key is not None and error in {BADTIME, BADTRUNC}:
        at = signature.time if error == BADTIME else None
        return Signer(key, signature.mac).sign(reply, now, error=error, at=at)
    unsigned = Signature(
        signature.key,
        signature.algorithm,
        signature.time,
        signature.fudge,
        b"",
        signature.original_id,
        error,
    )
    return unsigned.put_on(reply)
