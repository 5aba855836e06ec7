"""What is planted in a plot, bed by bed: hosts, wildcards, aliases, cuts, big sets, DNAMEs."""

from collections.abc import Callable

from plot import Plot
from rdata import DATA, ds
from spelling import MAX_NAME, Labels, any_label, lengthen, octets, spell

ORDINARY = tuple(DATA)


def apex(plot: Plot, ttl: int, minimum: int) -> None:
    """Put SOA, NS and a few data at the origin."""
    rng, origin = plot.rng, plot.origin
    server = (b"ns", *origin)
    numbers = f"2026112501 7200 900 1209600 {minimum}"
    plot.put(origin, "SOA", [f"{spell(server, rng)} admin.{spell(origin, rng)} {numbers}"], ttl)
    plot.put(origin, "NS", [spell(server, rng), "ns.elsewhere.example."])
    plot.put_some(server, "A", 2)
    plot.put_some(server, "AAAA", 1)
    plot.tag("apex", origin)
    plot.tag("host", server)


def hosts(plot: Plot, count: int) -> None:
    """Put names with addresses, some with capitals and odd labels above them."""
    for _ in range(count):
        name = plot.tag("host", plot.new("h"))
        for rtype in plot.rng.choice([("A",), ("AAAA",), ("A", "AAAA"), ("A", "TXT")]):
            plot.put_some(name, rtype)


def plain(plot: Plot, count: int) -> None:
    """Put names with data of any types."""
    for _ in range(count):
        name = (any_label(plot.rng), *plot.parent())
        if name in plot.rrsets or plot.hidden(name) or name[0] == b"*":
            continue
        plot.tag("plain", name)
        for rtype in plot.rng.sample(ORDINARY, plot.rng.randint(1, 5)):
            plot.put_some(name, rtype)


def long(plot: Plot, count: int) -> None:
    """Put names of 250 to 255 octets."""
    for _ in range(count):
        room = plot.rng.randint(MAX_NAME - 5, MAX_NAME)
        name = lengthen(plot.new("l"), room, plot.rng)
        plot.tag("long", name)
        plot.put_some(name, plot.rng.choice(ORDINARY))


def wildcards(plot: Plot, count: int) -> None:
    """Put wildcards at any depth, names below them, and names beside them that block them."""
    rng = plot.rng
    for _ in range(count):
        parent = plot.new("w") if rng.random() < 0.7 else plot.one("host", "plain")
        name = (b"*", *parent)
        if name in plot.rrsets or octets(name) > 180:
            continue
        plot.tag("wild", name)
        for _ in range(rng.randint(1, 3)):
            labels = tuple(any_label(rng) for _ in range(rng.choice([1, 1, 1, 2, 3])))
            plot.tag("covered", (*labels, *parent))
        if rng.random() < 0.35:
            plot.barren.add(name)
            itself = rng.random() < 0.15
            target = plot.tag("loop", (b"me", *parent)) if itself else plot.target()
            plot.put(name, "CNAME", [spell(target, rng)])
        else:
            _around_a_wildcard(plot, name)


def _around_a_wildcard(plot: Plot, name: Labels) -> None:
    """Put data at a wildcard, and perhaps below it and beside it."""
    rng = plot.rng
    for rtype in rng.sample(ORDINARY, rng.randint(1, 3)):
        plot.put_some(name, rtype)
    if rng.random() < 0.3:
        plot.put_some(plot.tag("plain", plot.new("below", name)), "A")
    if rng.random() < 0.3:
        plot.put_some(plot.tag("plain", (b"x", *plot.new("blocks", name[1:]))), "TXT")
    if rng.random() < 0.2:
        plot.put_some(plot.tag("wild", (b"*", *name)), "AAAA")


def aliases(plot: Plot, count: int) -> None:
    """Put aliases of anything, chains of up to 12 links, and loops."""
    rng = plot.rng
    for _ in range(count):
        name = plot.tag("alias", plot.new("c"))
        plot.put(name, "CNAME", [spell(plot.target(), rng)])
    for _ in range(count // 20):
        target = plot.target()
        for _ in range(rng.randint(2, 12)):
            name = plot.tag("chain", plot.new("link"))
            plot.put(name, "CNAME", [spell(target, rng)])
            target = name
    for _ in range(count // 40):
        loop = [plot.tag("chain", plot.new("loop")) for _ in range(rng.randint(1, 4))]
        for at, name in enumerate(loop):
            plot.put(name, "CNAME", [spell(loop[at - 1], rng)])


def cuts(plot: Plot, count: int) -> None:
    """Put delegations, with and without glue and DS, above and below each other."""
    rng = plot.rng
    for _ in range(count):
        parent = None
        if rng.random() < 0.3:
            parent = (
                plot.one("cut", "below cut", "wild") if rng.random() < 0.6 else plot.one("host")
            )
            parent = parent[1:] if parent[:1] == (b"*",) else parent
        name = plot.tag("cut", plot.new("z", parent))
        plot.put(name, "NS", [spell(server, rng) for server in _servers(plot, name)])
        if rng.random() < 0.4:
            plot.put(name, "DS", [ds(rng, plot.target) for _ in range(rng.randint(1, 2))])
        if rng.random() < 0.2:
            plot.put_some(name, rng.choice(["A", "TXT", "MX"]))
        if rng.random() < 0.4:
            plot.put_some(plot.tag("below cut", plot.new("below", name)), rng.choice(ORDINARY))
        if rng.random() < 0.1:
            plot.put_some(plot.tag("below cut", (b"*", *name)), rng.choice(ORDINARY))


def _servers(plot: Plot, name: Labels) -> list[Labels]:
    """Give the servers of a delegation, and write their glue."""
    rng = plot.rng
    ways: list[Callable[[], Labels]] = [
        lambda: _glue(plot, name),
        lambda: _glue(plot, name),
        lambda: _glue(plot, (b"deep", b"er", *name)),
        plot.outside,
        lambda: (b"ns", *plot.origin),
        lambda: plot.one("glue") if plot.kinds["glue"] else plot.outside(),
    ]
    return [server for _ in range(rng.randint(1, 4)) if (server := rng.choice(ways)())] or [
        (b"ns", *plot.origin)
    ]


def _glue(plot: Plot, above: Labels) -> Labels:
    server = plot.tag("glue", plot.new("ns", above))
    for rtype in plot.rng.choice([("A",), ("AAAA",), ("A", "AAAA")]):
        plot.put_some(server, rtype)
    return server


def big(plot: Plot, count: int) -> None:
    """Put sets that do not fit, or just fit, into 512, 1232 or 16384 octets."""
    rng = plot.rng
    for _ in range(count):
        for rtype in ("A", "AAAA", "TXT", "MX", "SRV", "NAPTR", "HTTPS", "PTR"):
            name = plot.tag("big", plot.new("big"))
            plot.put_some(name, rtype, rng.choice([10, 20, 30, 60, 100]))
        name = plot.tag("big", plot.new("z"))
        plot.put(name, "NS", [spell(_glue(plot, name), rng) for _ in range(rng.randint(8, 25))])
    plot.put_some(plot.tag("big", plot.new("huge")), "A", 1500)
    plot.put_some(plot.tag("big", plot.new("huge")), "MX", 700)
    for limit in (512, 1232):
        for size in range(limit - 45, limit + 5):
            name = plot.tag("edge", (b"edge%d" % size, *plot.origin))
            # Header, question, pointer and fixed part; each string of 255 takes one octet more.
            room = size - (12 + octets(name) + 4 + 12)
            sizes = [255] * (room // 256) + ([room % 256 - 1] if room % 256 else [])
            plot.put(name, "TXT", [" ".join(f'"{"x" * length}"' for length in sizes)], 60)


def dnames(plot: Plot, count: int) -> None:
    """Put DNAMEs to anything: to where names are, to each other, to loops, to what is too long."""
    rng = plot.rng
    for _ in range(count):
        name = plot.tag("dname", plot.new("d"))
        if rng.random() < 0.5:
            plot.put_some(name, rng.choice(["A", "TXT", "MX", "HTTPS"]))
        targets = (
            plot.one("host", "plain")[1:],
            plot.one("covered", "wild", "cut", "ent", "chain")[1:],
            plot.one("dname"),
            plot.one("long")[2:],
            (b"x", *name),
            name,
            name[1:],
            plot.target(),
        )
        rename(plot, name, rng.choice(targets))


def rename(plot: Plot, name: Labels, target: Labels) -> None:
    """Put a DNAME, and remember names below it that lead to something, or are too long."""
    rng = plot.rng
    plot.put(name, "DNAME", [spell(target, rng)])
    plot.barren.add(name)
    plot.tag("below dname", (any_label(rng), *name))
    plot.tag("below dname", lengthen(name, MAX_NAME - rng.randrange(40), rng))
    hosts_there = [host for host in plot.kinds["host"] if host[-len(target) :] == target and target]
    for host in rng.sample(hosts_there, min(2, len(hosts_there))):
        moved = (*host[: len(host) - len(target)], *name)
        if moved != name and octets(moved) <= MAX_NAME:
            plot.tag("below dname", moved)


def aliases_of_dnames(plot: Plot, count: int) -> None:
    """Put aliases whose targets lie below a DNAME."""
    for _ in range(count):
        name = plot.tag("chain", plot.new("c"))
        plot.put(name, "CNAME", [spell(plot.one("below dname"), plot.rng)])
