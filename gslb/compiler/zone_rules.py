"""What must hold for a zone's ordinary records."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gslb.compiler.scene import Scene, upward
from gslb.model import Fault, Path, Rrset, RrsetKey, Zone
from gslb.model.names import canonical, is_within

BESIDE_CNAME = frozenset({"CNAME", "RRSIG", "NSEC"})  # RFC 4034 section 3, RFC 2181 section 10.1
SINGLE = {"CNAME": "RFC 2181 section 10.1", "DNAME": "RFC 6672 section 2.4"}
ADDRESSES = ("A", "AAAA")
SERVICES = ("HTTPS", "SVCB")
"""Types in whose records addresses may be hinted at (RFC 9460 section 7.3)."""
_PARTICULAR = frozenset({"SOA", *SINGLE})


@dataclass(frozen=True, slots=True)
class ZoneView:
    """A zone, with its names, its delegations and its DNAMEs."""

    scene: Scene
    zone: Zone
    names: frozenset[str]
    cuts: frozenset[str]
    dnames: frozenset[str]

    @classmethod
    def of(cls, scene: Scene, origin: str) -> "ZoneView":
        """Look at a zone."""
        zone = scene.world.zones[origin]
        keys = zone.rrsets.rows
        cuts = frozenset(name for name, rtype in keys if rtype == "NS" and name != origin)
        dnames = frozenset(name for name, rtype in keys if rtype == "DNAME")
        return cls(scene, zone, frozenset(name for name, _ in keys), cuts, dnames)

    def types_at(self, names: Collection[str]) -> dict[str, set[str]]:
        """Give the types of each of these names; of a few, since the whole zone is looked at."""
        types: dict[str, set[str]] = {name: set() for name in names}
        if names:
            for name, rtype in self.zone.rrsets.rows:
                if name in types:
                    types[name].add(rtype)
        return types

    def cut_over(self, name: str) -> str | None:
        """Give the delegation at or above a name, if it lies in a child zone."""
        return next((above for above in upward(name) if above in self.cuts), None)

    def dname_over(self, name: str) -> str | None:
        """Give the DNAME above a name, if there is one in this zone."""
        return next((above for above in upward(name)[1:] if above in self.dnames), None)

    def path(self, name: str, rtype: str) -> Path:
        """Give an RRset's path."""
        return ("zones", self.zone.origin, "rrsets", name, rtype)


def check_zone(scene: Scene, origin: str) -> Iterator[Fault]:
    """Give every fault of a zone's records."""
    view = ZoneView.of(scene, origin)
    yield from _check_apex(view)
    yield from _check_names(view)
    for key in [key for key in view.zone.rrsets.rows if key[1] in {"NS", "MX"}]:
        rrset = view.zone.rrsets[key]
        if rrset.type == "NS":
            yield from _check_servers(view, rrset)
        yield from _check_aliased(view, rrset)


def _check_apex(view: ZoneView) -> Iterator[Fault]:
    """SOA and NS stand at the apex, the SOA once and nowhere else (RFC 1035 section 5.2)."""
    origin = view.zone.origin
    for rtype in ("SOA", "NS"):
        missing = RrsetKey(origin, rtype) not in view.zone.rrsets
        if missing and not view.scene.may_hold(origin, origin, rtype):
            yield Fault(("zones", origin), f"the zone has no {rtype} record at {origin}; write one")
    soa = view.zone.rrsets.get(RrsetKey(origin, "SOA"))
    if soa is not None and len(soa.rdata) > 1:
        yield Fault(view.path(*soa.key), f"the zone has {len(soa.rdata)} SOA records; leave one")


def _check_names(view: ZoneView) -> Iterator[Fault]:
    """Check where records stand, and what stands beside and above them."""
    origin = view.zone.origin
    within = "." if origin == "." else f".{origin}"
    rows = view.zone.rrsets.rows
    aliases = view.types_at({name for name, rtype in rows if rtype == "CNAME"})
    for (name, rtype), row in rows.items():
        plain = "\\" not in name and f".{name}".endswith(within)
        if plain and rtype not in _PARTICULAR and not view.dnames:
            continue  # what most records are: nothing is to be said of their place
        path = view.path(name, rtype)
        if not is_within(name, origin):
            yield Fault(path, f"{name} is out of the zone {origin}; move the record")
            continue
        yield from _check_single(view, name, rtype, len(row) - 1)
        if rtype == "CNAME" and (others := aliases[name] - BESIDE_CNAME):
            yield Fault(path, f"{name} has a CNAME beside {', '.join(sorted(others))}; leave the "
                              "one or the other (RFC 2181 section 10.1)")  # fmt: skip
        if view.dnames and (above := view.dname_over(name)) is not None:
            yield Fault(path, f"{name} lies below the DNAME of {above}, which hides it; move it "
                              "(RFC 6672 section 2.4)")  # fmt: skip


def _check_single(view: ZoneView, name: str, rtype: str, count: int) -> Iterator[Fault]:
    """Check a record that may stand only at one name, or only once at a name."""
    origin, path = view.zone.origin, view.path(name, rtype)
    if rtype == "SOA" and name != origin:
        yield Fault(path, f"a SOA stands only at {origin}; take this one out, or give "
                          f"{name} a zone of its own")  # fmt: skip
    if rtype in SINGLE and count > 1:
        yield Fault(path, f"{name} has {count} {rtype} records; leave one ({SINGLE[rtype]})")


def _check_servers(view: ZoneView, rrset: Rrset) -> Iterator[Fault]:
    """Check that a name server named inside the zone has addresses: its own, or glue."""
    for text in rrset.rdata:
        target = canonical(text)
        if not is_within(target, view.zone.origin) or view.dname_over(target) is not None:
            continue
        cut = view.cut_over(target)
        if cut is not None and cut != rrset.name:
            continue  # its addresses are the other child's to give
        kind = "glue" if cut is not None else "address"
        if not _has_addresses(view, target, below_cut=cut is not None):
            yield Fault(view.path(*rrset.key), f"the name server {target} has no {kind} records in "
                        "this zone; write its A or AAAA record")  # fmt: skip


def _has_addresses(view: ZoneView, name: str, *, below_cut: bool) -> bool:
    """Whether a name has addresses, or what `_check_aliased` complains of, or may have either."""
    vips = view.scene.world.vips
    if any(_holds(view, name, rtype) for rtype in ADDRESSES):
        return True
    if below_cut:
        return False
    if name in vips or view.scene.is_faulty("vips", name) or _holds(view, name, "CNAME"):
        return True
    wildcard = _source_of_synthesis(view, name)
    return wildcard is not None and any(
        (wildcard, rtype) in view.zone.rrsets.rows for rtype in (*ADDRESSES, "CNAME")
    )


def _holds(view: ZoneView, name: str, rtype: str) -> bool:
    key = RrsetKey(name, rtype)
    return key in view.zone.rrsets or view.scene.may_hold(view.zone.origin, name, rtype)


def _source_of_synthesis(view: ZoneView, name: str) -> str | None:
    """Give the wildcard that answers for a name without records (RFC 4592 section 3.3.1)."""
    if name in view.names:
        return None
    for above in upward(name)[1:]:
        wildcard = f"*.{above}" if above != "." else "*."
        if wildcard in view.names:
            return wildcard
        if above in view.names:
            return None
    return None


def _check_aliased(view: ZoneView, rrset: Rrset) -> Iterator[Fault]:
    """Check that what an NS or MX names is no alias (RFC 2181 section 10.3)."""
    for text in rrset.rdata:
        target = canonical(text.rsplit(" ", 1)[-1])
        vip = view.scene.world.vips.get(target)
        if vip is not None and vip.names:
            yield Fault(view.path(*rrset.key), f"{target}, which this {rrset.type} record names, "
                        "is a VIP of names, answered as a CNAME; name another "
                        "(RFC 2181 section 10.3)")  # fmt: skip
        if RrsetKey(target, "CNAME") in view.zone.rrsets:
            yield Fault(view.path(*rrset.key), f"{target}, which this {rrset.type} record names, "
                        "is a CNAME; name what it points to (RFC 2181 section 10.3)")  # fmt: skip
