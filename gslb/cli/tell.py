"""How the CLI shows things on a terminal."""

from datetime import UTC, datetime
from itertools import chain
from typing import Any

from rich.console import Console
from rich.text import Text

_COLOURS = {"down": "red", "unknown": "yellow", "drained": "blue"}


def status(out: Console, found: dict[str, Any]) -> None:
    """Show a node's status: a line, its alarms, a line for each member."""
    state = "answering" if found["ready"] else "not answering yet"
    out.print(
        f"node {found['node']}, gslb {found['version']}, {state} on {', '.join(found['dns'])}, "
        f"revision {found['revision']} since {_time(found['published_at'])}"
    )
    for alarm in found["alarms"]:
        words = f"ALARM {alarm['key']} since {_time(alarm['since'])}: {alarm['words']}"
        out.print(Text(words, style="red"))
    for database in found["geoip"]:
        _database(out, database, found["now"])
    for load in found["loads"]:
        _load(out, load)
    for short in found["short"]:
        words = f"{short['vip']} in {short['datacenter']} is down: "
        words += f"{short['live']} live, {short['needed']} needed"
        out.print(Text(words, style="red"))
    for name, zone in found["zones"].items():
        _zone(out, name, zone)
    rows = {
        name: [
            (datacenter, *_member(member))
            for datacenter, pool in vip["pools"].items()
            for member in pool["members"]
        ]
        for name, vip in found["vips"].items()
    }
    widths = [max(map(len, column)) for column in zip(*chain(*rows.values()), strict=True)]
    widths[-1:] = [0]  # the last column pads nothing
    for name, members in rows.items():
        out.print(Text(f"\n{name}", style="bold"))
        for cells in members:
            line = Text("  ").join(map(Text, map(str.ljust, cells, widths)))
            line.stylize(_COLOURS.get(cells[2], ""))
            out.print(Text("  ") + line)


def _database(out: Console, database: dict[str, Any], now: float) -> None:
    """Show a geography database, how old its data is, and what is wrong with its file."""
    if database["kind"] is None:
        words = "is not in use"
    else:
        days = max(0, now - database["built"]) / 86_400
        words = (
            f"{database['kind']}, {days:.0f} days old (built {_time(database['built'])}), "
            f"in use since {_time(database['loaded'])}"
        )
    if database["fault"]:
        words += f"; since {_time(database['fault_since'])} the file is refused"
    out.print(Text(f"geoip {database['file']} {words}", style="red" if database["fault"] else ""))


def _load(out: Console, told: dict[str, Any]) -> None:
    """Show a place with a capacity: its load, and the share of its clients that it sheds."""
    place = told["datacenter"] if told["vip"] is None else f"{told['vip']} in {told['datacenter']}"
    words, style = f"{place}: no load of {told['limit']:g} ({told['unit']}) is told", "yellow"
    if told["load"] is not None:
        words, style = f"{place}: load {told['load']:g} of {told['limit']:g} ({told['unit']})", ""
        if not told["fresh"]:
            words, style = f"{words} is not believed: told {told['age']:.0f} s ago", "yellow"
    if told["shed"]:
        since = f"{datetime.fromtimestamp(told['since'], UTC):%H:%M:%SZ}"
        words, style = f"{words}, sheds {told['shed']:.0%} since {since}", "yellow"
    out.print(Text(words, style=style))


def _zone(out: Console, name: str, zone: dict[str, Any]) -> None:
    """Show a zone's serial and how it stands at its secondaries."""
    out.print(f"zone {name} serial {zone['serial']}")
    for secondary, standing in zone["secondaries"].items():
        waits = standing["waiting_since"] is not None
        if waits:
            words = f"has not acknowledged it since {_time(standing['waiting_since'])}"
            words += f" ({standing['last_failure']})" if standing["last_failure"] else ""
        else:
            words = f"acknowledged it at {_time(standing['acknowledged_at'])}"
        out.print(Text(f"  {secondary} {words}", style="yellow" if waits else ""))
    for peer, told in zone["transfers"].items():
        signed = f", signed with {told['key']}" if told["key"] else ""
        words = f"  {peer} transferred serial {told['serial']} at {_time(told['at'])}{signed}"
        out.print(words)


def _member(member: dict[str, Any]) -> tuple[str, ...]:
    """Give address, verdict, weight, since when, and the last observation's words."""
    return (
        member["address"],
        member.get("verdict", "not probed"),
        f"weight {member.get('effective_weight', member['weight']):g} of {member['weight']}",
        _time(member.get("since")),
        member.get("observation") or "",
    )


def _time(seconds: float | None) -> str:
    return "-" if not seconds else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%SZ}"
