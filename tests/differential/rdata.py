"""Record data of every ordinary type, drawn at random and spelled as in a master file."""

from collections.abc import Callable
from ipaddress import IPv6Address
from random import Random

from spelling import Labels, quote, spell

Draw = Callable[[Random, Callable[[], Labels]], str]
"""From a generator, and from whoever gives names to point to, to record data."""


def _number(rng: Random, bits: int) -> int:
    return rng.choice([0, 1, (1 << bits) - 1, rng.getrandbits(bits)])


def _text(rng: Random, longest: int = 40) -> str:
    size = rng.choice([0, 1, rng.randint(2, longest), rng.randint(2, longest)])
    letters = rng.random() < 0.7
    return quote(
        bytes(rng.choice(b"abcXYZ 0.9;=") if letters else rng.randrange(256) for _ in range(size))
    )


def _hex(rng: Random, octets: int) -> str:
    return rng.randbytes(octets).hex()


def a(rng: Random, _: Callable[[], Labels]) -> str:
    """Draw an IPv4 address."""
    return ".".join(str(rng.randrange(256)) for _ in range(4))


def aaaa(rng: Random, _: Callable[[], Labels]) -> str:
    """Draw an IPv6 address."""
    return str(
        IPv6Address(rng.choice([rng.getrandbits(128), rng.getrandbits(16), 0x20010DB8 << 96]))
    )


def _name(rng: Random, target: Callable[[], Labels]) -> str:
    return spell(target(), rng)


def txt(rng: Random, _: Callable[[], Labels]) -> str:
    """Draw character-strings."""
    longest = 255 if rng.random() < 0.1 else 40
    return " ".join(_text(rng, longest) for _ in range(rng.randint(1, 4)))


def mx(rng: Random, target: Callable[[], Labels]) -> str:
    """Draw a preference and a name."""
    return f"{_number(rng, 16)} {spell(target(), rng)}"


def _srv(rng: Random, target: Callable[[], Labels]) -> str:
    numbers = " ".join(str(_number(rng, 16)) for _ in range(3))
    return f"{numbers} {spell(target() if rng.random() < 0.95 else (), rng)}"


def _hinfo(rng: Random, _: Callable[[], Labels]) -> str:
    return f"{_text(rng)} {_text(rng)}"


def _loc(rng: Random, _: Callable[[], Labels]) -> str:
    def angle(most: int, letters: str) -> str:
        seconds = rng.randrange(60_000)
        return (
            f"{rng.randrange(most)} {rng.randrange(60)} {seconds // 1000}.{seconds % 1000:03d} "
            + rng.choice(letters)
        )

    sizes = " ".join(f"{rng.randint(1, 9)}{'0' * rng.randrange(5)}.00m" for _ in range(3))
    height = f"{rng.randint(-1000, 8000)}.{rng.randrange(100):02d}m"
    return f"{angle(90, 'NS')} {angle(180, 'EW')} {height} {sizes}"


def _naptr(rng: Random, target: Callable[[], Labels]) -> str:
    flags = rng.choice(["S", "A", "U", ""])
    service = rng.choice(["E2U+sip", "SIP+D2U", ""])
    pattern = rng.choice(["", "!^.*$!sip:a@example.com!"])
    return f'{_number(rng, 16)} {_number(rng, 16)} "{flags}" "{service}" "{pattern}" ' + spell(
        target(), rng
    )


def _caa(rng: Random, _: Callable[[], Labels]) -> str:
    return f"{rng.choice([0, 128])} {rng.choice(['issue', 'issuewild', 'iodef'])} {_text(rng)}"


def _tlsa(rng: Random, _: Callable[[], Labels]) -> str:
    return f"{rng.randrange(4)} {rng.randrange(2)} 1 {_hex(rng, 32)}"


def _sshfp(rng: Random, _: Callable[[], Labels]) -> str:
    return f"{rng.choice([1, 3, 4])} 2 {_hex(rng, 32)}"


def ds(rng: Random, _: Callable[[], Labels]) -> str:
    """Draw a digest of a key that nobody has."""
    return f"{_number(rng, 16)} {rng.choice([8, 13])} 2 {_hex(rng, 32)}"


def _uri(rng: Random, _: Callable[[], Labels]) -> str:
    return f'{_number(rng, 16)} {_number(rng, 16)} "https://{rng.getrandbits(32):x}.example/a?b"'


def _svcb(rng: Random, target: Callable[[], Labels]) -> str:
    name = spell(target() if rng.random() < 0.7 else (), rng)
    if rng.random() < 0.2:
        return f"0 {name}"
    parts = [f"{rng.randint(1, 65535)} {name}"]
    if rng.random() < 0.7:
        parts.append(f"alpn={rng.choice(['h2', 'h2,h3', 'http/1.1'])}")
    if rng.random() < 0.5:
        parts.append(f"port={rng.randint(1, 65535)}")
    if rng.random() < 0.5:
        parts.append(f"ipv4hint={a(rng, tuple)}")
    if rng.random() < 0.3:
        parts.append(f"ipv6hint={aaaa(rng, tuple)}")
    return " ".join(parts)


def _rp(rng: Random, target: Callable[[], Labels]) -> str:
    return f"{spell(target(), rng)} {spell(target(), rng)}"


def unknown(rng: Random, _: Callable[[], Labels]) -> str:
    r"""Draw the data of an unknown type (RFC 3597 section 5), `\# 0` too."""
    size = rng.choice([0, 1, 2, rng.randint(3, 80)])
    return f"\\# {size} {_hex(rng, size)}".rstrip()


UNKNOWN = ("TYPE731", "TYPE65280", "TYPE65534")
"""Types that nobody knows."""

DATA: dict[str, Draw] = {
    "A": a,
    "AAAA": aaaa,
    "TXT": txt,
    "MX": mx,
    "SRV": _srv,
    "PTR": _name,
    "HINFO": _hinfo,
    "LOC": _loc,
    "NAPTR": _naptr,
    "CAA": _caa,
    "TLSA": _tlsa,
    "SSHFP": _sshfp,
    "URI": _uri,
    "SVCB": _svcb,
    "HTTPS": _svcb,
    "RP": _rp,
    "AFSDB": mx,
    **dict.fromkeys(UNKNOWN, unknown),
}
"""Types that may stand anywhere, and how to draw one record's data."""
