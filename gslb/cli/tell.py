"""How the CLI shows things on a terminal."""

from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

_COLOURS = {"up": "green", "down": "red", "unknown": "yellow", "drained": "blue"}


def edit(path: tuple[str | int, ...], *, deletes: bool) -> str:
    """Say one edit in a line."""
    return f"{'delete' if deletes else 'put'} {'/'.join(map(str, path))}"


def status(out: Console, found: dict[str, Any]) -> None:
    """Show a node's status: a line, its alarms, a row for each member."""
    state = "answering" if found["ready"] else "not answering yet"
    out.print(
        f"node {found['node']}, gslb {found['version']}, {state} on {', '.join(found['dns'])}, "
        f"revision {found['revision']} since {_time(found['published_at'])}"
    )
    for alarm in found["alarms"]:
        out.print(f"[red]ALARM[/] {alarm['key']} since {_time(alarm['since'])}: {alarm['words']}")
    table = Table(box=None, pad_edge=False)
    for title in ("VIP", "address", "verdict", "weight", "since", "observation"):
        table.add_column(title, no_wrap=True, overflow="fold")
    for name, vip in found["vips"].items():
        table.add_row(f"[bold]{name}[/]")
        for datacenter, pool in vip["pools"].items():
            for member in pool["members"]:
                table.add_row(f"  {datacenter}", *_member(member))
    # A pipe has no width: nothing is folded there.
    out.print(table, width=None if out.is_terminal else 200)


def _member(member: dict[str, Any]) -> tuple[str, ...]:
    verdict = member.get("verdict", "not probed")
    colour = _COLOURS.get(verdict, "default")
    return (
        member["address"],
        f"[{colour}]{verdict}[/]",
        f"{member.get('effective_weight', member['weight']):g} of {member['weight']}",
        _time(member.get("since")),
        member.get("observation") or "",
    )


def _time(seconds: float | None) -> str:
    return "-" if not seconds else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%SZ}"
