"""Names as labels, made odd on purpose, and spelled for a master file in one of many ways."""

from random import Random

Labels = tuple[bytes, ...]
"""A name's labels in lower case, the leftmost first, the root label left out."""

MAX_LABEL = 63  # octets, RFC 1035 section 2.3.4
MAX_NAME = 255

_WORDS = (
    *(b"a", b"b", b"c", b"d", b"x", b"y", b"www", b"mail", b"api", b"cdn", b"db", b"eu", b"us"),
    *(b"web", b"node", b"app", b"dev", b"test", b"img", b"static", b"ns", b"mx", b"ldap", b"shop"),
    *(b"one", b"two", b"three", b"east", b"west", b"north", b"south", b"alpha", b"beta", b"gamma"),
    *(b"v1", b"v2", b"x-1", b"0", b"10", b"255", b"_tcp", b"_udp", b"_sip", b"_443"),
    b"xn--bcher-kva",
)
_BARE = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_*")
"""What Knot's reader takes in names without an escape."""
_ESCAPED = frozenset(b'.";@$() ')
r"""What all three readers take after a backslash. NSD 4.6.1 is at odds with `\\\\` and `\\[`."""


def octets(name: Labels) -> int:
    """Give how long a name is in wire form."""
    return sum(1 + len(label) for label in name) + 1


def labels_of(text: str) -> Labels:
    """Split a name of plain letters."""
    return tuple(label.encode().lower() for label in text.rstrip(".").split("."))


def plain_label(rng: Random) -> bytes:
    """Draw a word; words are few, so that names meet."""
    return rng.choice(_WORDS)


def odd_label(rng: Random) -> bytes:
    """Draw a label that a careless reader or writer would spoil."""
    kind = rng.randrange(6)
    if kind == 0:  # dots and spaces inside
        label = rng.choice([b"a.b", b".", b"..", b" ", b"a b", b"\\", b'"', b"@", b"$x", b";c"])
    elif kind == 1:  # any octets
        label = bytes(rng.randrange(256) for _ in range(rng.randint(1, 8)))
    elif kind == 2:  # as long as can be
        label = bytes(rng.choice(b"abcxyz0") for _ in range(MAX_LABEL))
    elif kind == 3:  # asterisks that are no wildcards
        label = rng.choice([b"*a", b"a*", b"**", b"*.", b"-*"])
    elif kind == 4:  # zeroes, and octets that look like lengths and pointers
        label = rng.choice([b"\0", b"\0\0", b"\xc0\x0c", b"\x3f", b"\x01a", b"\xff"])
    else:  # brackets of the letters: what lies beside A, Z, a and z
        label = bytes(rng.choice(b"@[`{az") for _ in range(rng.randint(1, 3)))
    return label.lower()


def any_label(rng: Random) -> bytes:
    """Draw a label: mostly a word."""
    return odd_label(rng) if rng.random() < 0.12 else plain_label(rng)


def lengthen(name: Labels, length: int, rng: Random) -> Labels:
    """Put labels before a name until it has this many octets, or one fewer."""
    while (room := length - octets(name)) >= 2:
        size = min(room - 1, MAX_LABEL)
        if room - 1 - size == 1:  # a label takes two octets at least
            size -= 1
        name = (bytes(rng.choice(b"abcdefgh") for _ in range(size)), *name)
    return name


def spell(name: Labels, rng: Random) -> str:
    """Spell a name absolutely, with capitals and escapes where chance puts them."""
    if not name:
        return "."
    capitals = rng.random() < 0.25
    return "".join(_spell_label(label, rng, capitals=capitals) + "." for label in name)


def _spell_label(label: bytes, rng: Random, *, capitals: bool) -> str:
    found = ""
    for octet in label:
        char = chr(octet)
        if octet in _BARE and rng.random() > 0.005:
            found += char.upper() if capitals and rng.random() < 0.5 else char
        elif octet in _ESCAPED and rng.random() < 0.5:
            found += f"\\{char}"
        else:
            found += f"\\{octet:03d}"
    return found


def quote(data: bytes) -> str:
    """Spell a character-string (RFC 1035 section 5.1)."""
    plain = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')
    return '"' + "".join(chr(o) if o in plain else f"\\{o:03d}" for o in data) + '"'
