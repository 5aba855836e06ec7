"""Why each candidate was answered, or was not: the trace joined with the verdicts."""

from collections.abc import Callable, Mapping

from gslb.explain.times import moment
from gslb.health import Standing
from gslb.model import MemberKey, Vip
from gslb.trace import Member, Pool, Steered, Tier, Trace

Ask = Callable[[MemberKey], Standing | None]


def give_reasons(trace: Trace, ask: Ask, vips: Mapping[str, Vip]) -> None:
    """Fill in how every member stands, and why it was chosen or not; of fallback VIPs, too."""
    steps: list[Trace | Steered] = [trace, *trace.fallback_vips]
    for steered in steps:
        for tier in steered.tiers:
            for pool in tier.pools:
                for member in pool.members:
                    key = MemberKey(steered.vip or "", pool.datacenter, member.address)
                    _fill_in(member, ask(key))
                    member.reason = _why(trace.rtype, tier, pool, member)
                _tell_thin(pool, vips.get(steered.vip or ""))


def _tell_thin(pool: Pool, vip: Vip | None) -> None:
    """Say of the live members of a pool that is down why it is: too few of them live."""
    noun = vip.pools.get(pool.datacenter) if vip else None
    if noun is None or pool.weight or not pool.configured:
        return
    live = sum(member.weight > 0 for member in pool.members)
    for member in pool.members:
        if member.family_match and member.weight and not member.chosen:
            member.reason = (
                f"live, but its pool is down: {live} of its members live, and min_live is "
                f"{noun.min_live}"
            )


def _fill_in(member: Member, standing: Standing | None) -> None:
    """Say how a member stands; one that is not probed keeps the words of that."""
    if standing is None:
        return
    last = standing.observation
    member.verdict = str(standing.verdict)
    member.since = standing.since
    member.observation = last.words if last else "not observed yet"


def _why(rtype: str | None, tier: Tier, pool: Pool, member: Member) -> str:
    """Say in a phrase why this member was, or was not, answered."""
    if not member.family_match:
        return f"its address is not what a {rtype} question asks for"
    if member.chosen:
        return "chosen" if member.weight else f"chosen by the fallback, although {_ill(member)}"
    if member.configured == 0:
        return "its configured weight is 0"
    if member.weight == 0:
        return _ill(member)
    return _lost(tier, pool, member)


def _ill(member: Member) -> str:
    return f"{member.verdict} since {moment(member.since)}: {member.observation}"


def _lost(tier: Tier, pool: Pool, member: Member) -> str:
    """Say to what a live member lost."""
    if pool.chosen:
        return f"live, another member was drawn (this one has {member.share:.1%} of the draws)"
    if passed := _passed_over(pool):
        return passed
    if not tier.chosen:
        return "live, but an earlier tier answered"
    return f"live, another pool was drawn (this one has {pool.share:.1%} of the draws)"


def _passed_over(pool: Pool) -> str:
    """Say why a pool with live members could not be drawn; empty if it could."""
    if pool.weight == 0:
        return "live, but its pool's weight is 0"
    if pool.halved:
        return "live, but a pool of this tier is live in every family of the VIP, and this is not"
    if pool.shed_client:
        return f"live, but its pool sheds {pool.shed:.0%} of its clients, and this one is of them"
    return ""
