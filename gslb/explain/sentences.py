"""The explanation in sentences, as an operator reads it."""

from collections.abc import Iterator, Sequence

from gslb.model import OtherVip, Vip
from gslb.trace import Client, Tier, Trace


def tell(
    trace: Trace, vip: Vip | None, unnamed: Sequence[str], placed: Sequence[str]
) -> Iterator[str]:
    """Tell a trace whose members have their reasons; `placed` says where the client is."""
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
        yield from _tell_ladder(trace, vip, unnamed, placed)
    if trace.answers:
        yield (
            f"Answered: {', '.join(trace.answers)}, TTL {trace.ttl} s ({_ttl_reason(trace, vip)}), "
            f"ECS scope /{trace.scope} ({_scope_reason(trace, vip)})."
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


def _tell_ladder(
    trace: Trace, vip: Vip | None, unnamed: Sequence[str], placed: Sequence[str]
) -> Iterator[str]:
    tiers = f"{len(trace.tiers)} tier{'' if len(trace.tiers) == 1 else 's'}"
    if trace.map is None:
        yield f"{trace.vip} is a VIP; its own ladder has {tiers}, the same for all clients."
    else:
        yield (
            f"{trace.vip} is a VIP; the map {trace.map} puts this client into class "
            f"{trace.class_} (true for its /{trace.range_prefix}), which has {tiers}."
        )
    yield from placed
    for tier in trace.tiers:
        yield f"Tier {tier.tier + 1} ({', '.join(tier.datacenters)}): {_state(tier)}."
        for pool in tier.pools:
            for member in pool.members:
                weight = f"{member.weight:g}"
                yield f"  {pool.datacenter} {member.address} weight {weight}: {member.reason}."
    for datacenter in unnamed:
        yield f"  {datacenter}: no tier of this client names it."
    yield from _tell_spill(trace, vip)


def _tell_spill(trace: Trace, vip: Vip | None) -> Iterator[str]:
    """Tell what was done where no pool would take the client as it should."""
    if trace.overflow:
        yield "Every live pool sheds this client, so one was drawn in proportion to capacity."
    if trace.fallback == "vip" and vip is not None and isinstance(vip.fallback, OtherVip):
        yield f"Nothing was live, so {vip.fallback.vip} answered for it; explain that name for why."
    elif trace.fallback:
        yield f"Nothing was live, so the fallback answered: {trace.fallback}."


def _state(tier: Tier) -> str:
    """Say in a word or two how a tier stands for this client."""
    if tier.chosen:
        return "answers"
    if tier.live:
        return "live"
    return "nothing live" if tier.pools else "the VIP has no pool there"


def _ttl_reason(trace: Trace, vip: Vip | None) -> str:
    """Say where the TTL comes from."""
    if vip is None or trace.ttl is None:
        return "that of the records"
    if trace.fallback and vip.fallback_ttl == trace.ttl:
        return "the VIP's fallback_ttl"
    if vip.ttl == trace.ttl:
        return "the VIP's"
    caps = [
        f"{member.address} may change in {member.ttl_cap} s"
        for tier in trace.tiers
        for pool in tier.pools
        for member in pool.members
        if tier.chosen and member.ttl_cap == trace.ttl
    ]
    return caps[0] if caps else "the least on the way"


def _scope_reason(trace: Trace, vip: Vip | None) -> str:
    """Say why the answer is true for so wide a network, and no wider."""
    if trace.client is not None and trace.client.prefix == 0:
        return "the client asked not to be located"
    if trace.scope == 0:
        return "the answer does not depend on the client's network"
    if trace.scope == trace.range_prefix:
        return f"the widest network whose clients all go by class {trace.class_} of {trace.map}"
    if vip is not None and (vip.sticky or vip.family == "same_datacenter"):
        return "the client network that keeps its draw"
    return "the widest network that gets the same answer"


def tell_distrust(via: str) -> Iterator[str]:
    """Tell that a front end is not believed."""
    yield f"{via} is not in proxy_from: a question behind its PROXY header is no DNS to us."
    yield "To trust it, add it to proxy_from (or GSLB_PROXY_FROM) and start the node again."
