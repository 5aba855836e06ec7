"""Why a client gets its answer: the plane's trace of the real decision, told with the verdicts.

Nothing is decided again here. A question is put to the very function that answers packets, with a
witness; what the witness wrote is joined with what the health board knows, so that every
candidate, chosen or not, has a reason.
"""

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import msgspec
from dnslib import EDNS0, DNSHeader, DNSQuestion, DNSRecord, EDNSOption

from gslb.health import Standing
from gslb.model import Fault, Invalid, MemberKey, Vip
from gslb.model.names import canonical, labels
from gslb.model.records import type_number
from gslb.plane import Plane
from gslb.trace import Client, Member, Pool, Tier, Trace

ECS = 8  # option code, RFC 7871 section 6
FAMILIES = {4: 1, 6: 2}  # RFC 7871 section 6, by IP version

Ask = Callable[[MemberKey], Standing | None]


def explain(
    plane: Plane,
    ask: Ask,
    vips: Mapping[str, Vip],
    *,
    name: str,
    rtype: str,
    client: str,
    via: str = "",
) -> dict[str, Any]:
    """Explain the answer to one question of one client, as JSON-ready data.

    `client` is an address, or a network such as 203.0.113.0/24, which is sent as ECS (RFC 7871);
    `via` is the address of a front end that tells the client by PROXY protocol, if there is one.
    The keys of the plane's trace are kept (`trace.py`); members gain `verdict`, `since`,
    `observation` and `reason`; `unnamed` lists pools that no tier of the client names;
    `sentences` tells the whole. Invalid names every bad argument.
    """
    packet, source = _question(name, rtype, client, via)
    if via:
        packet, source = _told(source) + packet, via
    trace = plane.explain(packet, source)
    for tier in trace.tiers:
        for pool in tier.pools:
            for member in pool.members:
                _fill_in(member, ask(MemberKey(trace.vip or "", pool.datacenter, member.address)))
                member.reason = _why(trace, tier, pool, member)
    unnamed = _unnamed(trace, vips)
    told: dict[str, Any] = msgspec.to_builtins(trace)
    return told | {
        "question": {"name": name, "type": rtype, "client": client, "via": via or None},
        "unnamed": unnamed,
        "sentences": list(_tell(trace, unnamed) if trace.client else _tell_distrust(via)),
    }


def _unnamed(trace: Trace, vips: Mapping[str, Vip]) -> list[str]:
    """Give the VIP's datacenters that no tier of this client names."""
    vip = vips.get(trace.vip or "")
    named = {datacenter for tier in trace.tiers for datacenter in tier.datacenters}
    return [datacenter for datacenter in vip.pools if datacenter not in named] if vip else []


def _question(name: str, rtype: str, client: str, via: str) -> tuple[bytes, str]:
    faults: list[Fault] = []
    absolute = name if name.endswith(".") else f"{name}."
    try:
        canonical(absolute)
    except ValueError as error:
        faults.append(Fault(("name",), str(error)))
    try:
        number = type_number(rtype)
    except ValueError as error:
        faults.append(Fault(("type",), str(error)))
    try:
        interface = ip_interface(client)
    except ValueError:
        faults.append(
            Fault(("client",), f"{client!r} is not a client; write 203.0.113.7 or 203.0.113.0/24")
        )
    faults += _via_faults(via)
    if faults:
        raise Invalid(faults)
    record = DNSRecord(DNSHeader(id=0, rd=0), q=DNSQuestion(list(labels(absolute)), number))
    options = [] if "/" not in client else [_ecs(str(interface.ip), interface.network.prefixlen)]
    record.add_ar(EDNS0(udp_len=1232, opts=options))
    return bytes(record.pack()), str(interface.ip)


def _via_faults(via: str) -> list[Fault]:
    try:
        ip_address(via or "::")
    except ValueError:
        return [Fault(("via",), f"{via!r} is not a front end; write its address, as 192.0.2.80")]
    return []


def _told(client: str) -> bytes:
    """Make a front end's header: PROXY protocol version 2, datagram, ports 0, sent to nobody."""
    address = ip_address(client)
    told = address.packed + bytes(len(address.packed) + 4)
    family = 0x12 if address.version == 4 else 0x22  # noqa: PLR2004
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(">BBH", 0x21, family, len(told)) + told


def _ecs(address: str, prefix: int) -> EDNSOption:
    """Make an ECS option with the address cut to its prefix (RFC 7871 section 6)."""
    network = ip_network(f"{address}/{prefix}", strict=False)
    octets = network.network_address.packed[: (prefix + 7) // 8]
    return EDNSOption(ECS, bytes([0, FAMILIES[network.version], prefix, 0]) + octets)


def _fill_in(member: Member, standing: Standing | None) -> None:
    """Say how a member stands; one that is not probed keeps the words of that."""
    if standing is None:
        return
    last = standing.observation
    member.verdict = str(standing.verdict)
    member.since = standing.since
    member.observation = last.words if last else "not observed yet"


def _why(trace: Trace, tier: Tier, pool: Pool, member: Member) -> str:
    """Say in a phrase why this member was, or was not, answered."""
    if not member.family_match:
        return f"its address is not what a {trace.rtype} question asks for"
    if member.chosen:
        return "chosen" if member.weight else f"chosen by the fallback, although {_ill(member)}"
    if member.configured == 0:
        return "its configured weight is 0"
    if member.weight == 0:
        return _ill(member)
    return _lost(tier, pool, member)


def _ill(member: Member) -> str:
    return f"{member.verdict} since {_when(member.since)}: {member.observation}"


def _lost(tier: Tier, pool: Pool, member: Member) -> str:
    """Say to what a live member lost."""
    if pool.weight == 0:
        return "live, but its pool's weight is 0"
    if not tier.chosen:
        return "live, but an earlier tier answered"
    if not pool.chosen:
        return f"live, another pool was drawn (this one has {pool.share:.1%} of the draws)"
    return f"live, another member was drawn (this one has {member.share:.1%} of the draws)"


def _when(since: float | None) -> str:
    if since is None:
        return "the start"
    return f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M:%SZ}"


def _tell_distrust(via: str) -> Iterator[str]:
    yield f"{via} is not in proxy_from: a question behind its PROXY header is no DNS to us."
    yield "To trust it, add it to proxy_from (or GSLB_PROXY_FROM) and start the node again."


def _tell(trace: Trace, unnamed: Sequence[str]) -> Iterator[str]:
    if client := trace.client:
        yield f"The client is {client.address}/{client.prefix}, {_origin(client)}."
    if trace.zone is None:
        yield f"No zone here holds {trace.name}: {trace.rcode}."
        return
    yield (
        f"{trace.name} {trace.rtype} is answered from zone {trace.zone} "
        f"at revision {trace.revision}: {_LOOKUPS[trace.lookup]}, {trace.rcode}."
    )
    if len(trace.chain) > 1:
        yield f"Aliases were followed: {' to '.join(link.name for link in trace.chain)}"
    if trace.vip:
        yield from _tell_ladder(trace, unnamed)
    if trace.answers:
        yield (
            f"Answered: {', '.join(trace.answers)}, TTL {trace.ttl} s, ECS scope /{trace.scope} "
            f"({_scope_reason(trace)})."
        )
    elif trace.rrsets:
        yield f"Answered: the RRset(s) {', '.join(trace.rrsets)}, TTL {trace.ttl} s."


def _origin(client: Client) -> str:
    if client.origin == "proxy":
        return f"told by the front end {client.front_end}"
    return "sent by its resolver (ECS)" if client.origin == "ecs" else "the packet's source"


_LOOKUPS = {
    "exact": "the name exists",
    "wildcard": "a wildcard stands for the name",
    "cut": "the name is delegated to other servers",
    "nxdomain": "the name does not exist",
    "nodata": "the name has nothing of this type",
    "cname": "the name is an alias of a name elsewhere",
    "dname": "the name lies below a DNAME, and its new name is elsewhere or too long",
    "refused": "no zone was asked",
}


def _tell_ladder(trace: Trace, unnamed: Sequence[str]) -> Iterator[str]:
    tiers = f"{len(trace.tiers)} tier{'' if len(trace.tiers) == 1 else 's'}"
    if trace.map is None:
        yield f"{trace.vip} is a VIP; its own ladder has {tiers}, the same for all clients."
    else:
        yield (
            f"{trace.vip} is a VIP; the map {trace.map} puts this client into class "
            f"{trace.class_} (true for its /{trace.range_prefix}), which has {tiers}."
        )
    for tier in trace.tiers:
        state = "answers" if tier.chosen else "live" if tier.live else "nothing live"
        yield f"Tier {tier.tier + 1} ({', '.join(tier.datacenters)}): {state}."
        for pool in tier.pools:
            for member in pool.members:
                weight = f"{member.weight:g}"
                yield f"  {pool.datacenter} {member.address} weight {weight}: {member.reason}."
    for datacenter in unnamed:
        yield f"  {datacenter}: no tier of this client names it."
    if trace.fallback:
        yield f"Nothing was live, so the fallback answered: {trace.fallback}."


def _scope_reason(trace: Trace) -> str:
    if trace.scope == 0:
        return "the answer does not depend on the client's network"
    return "the widest network that gets the same answer"
