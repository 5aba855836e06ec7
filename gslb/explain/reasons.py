"""Why each candidate was answered, or was not: the trace joined with the verdicts."""

from collections.abc import Callable

from gslb.explain.times import moment
from gslb.health import Standing
from gslb.model import MemberKey, Vip
from gslb.trace import Member, Pool, Tier, Trace

Ask = Callable[[MemberKey], Standing | None]


def give_reasons(trace: Trace, ask: Ask, vip: Vip | None) -> None:
    """Fill in how every member of a VIP stands, and why it was chosen or not."""
    for tier in trace.tiers:
        for pool in tier.pools:
            for member in pool.members:
                _fill_in(member, ask(MemberKey(trace.vip or "", pool.datacenter, member.address)))
                member.reason = _why(trace, tier, pool, member)
            _tell_thin(pool, vip)


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
    return f"{member.verdict} since {moment(member.since)}: {member.observation}"


def _lost(tier: Tier, pool: Pool, member: Member) -> str:
    """Say to what a live member lost."""
    if pool.weight == 0:
        return "live, but its pool's weight is 0"
    if pool.shed_client:
        return f"live, but its pool sheds {pool.shed:.0%} of its clients, and this one is of them"
    if not tier.chosen:
        return "live, but an earlier tier answered"
    if not pool.chosen:
        return f"live, another pool was drawn (this one has {pool.share:.1%} of the draws)"
    return f"live, another member was drawn (this one has {member.share:.1%} of the draws)"
