"""What docs/steering.md teaches, done: its zone served by a real node, excerpts and pictures made.

    PYTHONPATH=tests .venv/bin/python tests/shape/teaching.py

writes the excerpts of the document anew, and its pictures, from what the node says.
"""

import asyncio
import json
import os
import re
import shlex
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import dns.asyncquery
import dns.edns
import dns.message
from atlases import write_database
from drawing import draw_ladders, draw_map, draw_shedding
from node import Node, until

from gslb.model import Datacenter

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "steering.md"
PICTURES = ROOT / "docs" / "pictures"
BUILT = 1_790_000_000  # the databases' date, in unix seconds
TRIES = 100  # an answer left to chance is asked for again, until it is the one shown
ORIGIN = "shop.example"

_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]*\]\(pictures/([a-z0-9-]+)\.svg\)")
_DULL = re.compile(
    r"an earlier tier answered\.$|not what a \w+ question asks for\.$|no tier of this client"
    r"|^\S+ \w+ is answered from zone|^The client is|^\S+ is a VIP; |nothing is known\.$"
)
_SINCE = re.compile(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")


def place(city: str, division: tuple[str, str], country: tuple[str, str], continent: str,
          at: tuple[float, float]) -> dict[str, Any]:  # fmt: skip
    """Make a record as a City database has it."""
    return {
        "city": {"names": {"en": city}},
        "subdivisions": [{"iso_code": division[0], "names": {"en": division[1]}}],
        "country": {"iso_code": country[0], "names": {"en": country[1]}},
        "continent": {"code": continent},
        "location": {"latitude": at[0], "longitude": at[1]},
    }


_DE, _BR, _JP = ("DE", "Germany"), ("BR", "Brazil"), ("JP", "Japan")
MUNICH = place("Munich", ("BY", "Bavaria"), _DE, "EU", (48.14, 11.58))
PLACES: Mapping[str, Mapping[str, Any]] = {
    "198.51.100.0/26": MUNICH,
    "198.51.100.64/26": place("Hamburg", ("HH", "Hamburg"), _DE, "EU", (53.55, 9.99)),
    "198.51.100.128/26": place("Osaka", ("27", "Osaka"), _JP, "AS", (34.69, 135.5)),
    "198.51.100.192/26": place(
        "Perth", ("WA", "Western Australia"), ("AU", "Australia"), "OC", (-31.95, 115.86)
    ),
    "203.0.113.0/26": place("Campinas", ("SP", "Sao Paulo"), _BR, "SA", (-22.91, -47.06)),
    "203.0.113.64/26": place("Recife", ("PE", "Pernambuco"), _BR, "SA", (-8.05, -34.9)),
    "203.0.113.128/26": place(
        "Bogota", ("DC", "Bogota D.C."), ("CO", "Colombia"), "SA", (4.71, -74.07)
    ),
    "203.0.113.192/26": {
        "country": {"iso_code": "US", "names": {"en": "United States"}},
        "continent": {"code": "NA"},
    },
    "2001:db8:100::/40": MUNICH,
}
SYSTEMS: Mapping[str, Mapping[str, Any]] = {
    "198.51.100.0/25": {
        "autonomous_system_number": 64500,
        "autonomous_system_organization": "Example Telecom",
    },
    "203.0.113.0/25": {
        "autonomous_system_number": 64501,
        "autonomous_system_organization": "Example Mobile",
    },
}


def blocks(text: str) -> dict[str, str]:
    """Give the zone's files as the document shows them, by the name in their first line."""
    found = {}
    for kind, body in _BLOCK.findall(text):
        if kind in {"yaml", "zone"}:
            name = body.split("\n", 1)[0].lstrip("#; ").strip()
            assert re.fullmatch(r"[a-z.]+\.(yaml|zone)", name), f"{name!r} names no file"
            assert name not in found, f"two blocks are {name}"
            found[name] = body
    return found


def write_files(folder: Path, text: str) -> tuple[Path, list[str]]:
    """Write the zones folder and the databases; give the folder and the flags that name these."""
    zones = folder / "zones"
    zones.mkdir()
    for name, body in blocks(text).items():
        (zones / name).write_text(body)
    with patch("mmdb_writer.time.time", return_value=BUILT):
        city = write_database(folder / "city.mmdb", PLACES, "Shop-City")
        asn = write_database(folder / "asn.mmdb", SYSTEMS, "Shop-ASN")
    return zones, ["--geoip", str(city), "--geoip", str(asn)]


@asynccontextmanager
async def school(text: str) -> AsyncIterator[Node]:
    """Serve the document's zone by a real node."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        zones, flags = write_files(folder, text)
        node = Node(folder / "state", zones, more=flags)
        with patch.dict(os.environ, {"GSLB_EXPLAIN_TXT": "on"}):
            await node.start()
        try:
            yield node
        finally:
            await node.end()


@dataclass
class Lesson:
    """A command that the document shows, with what it shows of the reply."""

    command: str
    shown: list[str]
    found: dict[str, Any] = field(default_factory=dict)

    async def learn(self, node: Node) -> None:
        """Run it; what is left to chance is run until it is as shown."""
        for _ in range(TRIES):
            words = shlex.split(self.command)
            lines = await _TOOLS[words[0]](self, node, words)
            if lines == self.shown:
                return
        self.shown = lines

    async def _ask(self, node: Node, words: Sequence[str]) -> list[str]:
        assert words[:2] == ["gslb", "explain"], self.command
        flags = [at for at, word in enumerate(words) if word.startswith("--")]
        name, *rtype = words[2 : flags[0]]
        asked = [("name", name), ("type", rtype[0] if rtype else "A")]
        asked += [(words[at].removeprefix("--"), words[at + 1]) for at in flags]
        status, found = await node.call("GET", f"/api/v1/explain?{urlencode(asked)}")
        assert status == 200, (self.command, found)
        self.found = found
        return list(shortened(found["sentences"]))

    async def _push(self, node: Node, words: Sequence[str]) -> list[str]:
        """Tell the node a load, and wait until it sheds by it."""
        path = words[-1].removeprefix("http://gslb")
        body = json.loads(words[words.index("-d") + 1])
        status, told = await node.call("PUT", path, body)
        assert status == 200, told

        async def sheds() -> Any:
            return (await node.call("GET", path))[1]["shed"]

        return [f"(sheds {await until(sheds, 'shedding'):.1%} within seconds)"]

    async def _dig(self, node: Node, words: Sequence[str]) -> list[str]:
        subnet = next(word for word in words if word.startswith("+subnet="))
        address, length = subnet.removeprefix("+subnet=").split("/")
        option = dns.edns.ECSOption(address, int(length))
        query = dns.message.make_query(words[2], words[3], use_edns=0, options=[option])
        reply = await dns.asyncquery.udp(query, "127.0.0.1", port=node.dns, timeout=2)
        texts = [data.to_text() for rrset in reply.answer for data in rrset]
        if words[3] != "TXT":
            return texts
        return [string for text in texts for string in re.findall(r'"[^"]*"', text)]


_TOOLS = {"gslb": Lesson._ask, "dig": Lesson._dig, "curl": Lesson._push}


def shortened(sentences: Sequence[str]) -> Iterator[str]:
    """Leave out what is the same each time; two of the rules that do not decide are enough."""
    lost = 0
    for line in sentences:
        lost += "does not: " in line
        if not _DULL.search(line) and not ("does not: " in line and lost > 2):
            yield _SINCE.sub("since …", line)


async def learn(text: str, node: Node) -> tuple[str, dict[str, str]]:
    """Give the document with what the node says, and its pictures by name."""
    pictures: dict[str, str] = {}
    _, told = await node.call("GET", "/api/v1/datacenters")
    sites = {
        name: Datacenter.model_validate(one) for name, one in told.get("datacenters", told).items()
    }
    whole = []
    for part in re.split(r"(?m)^(?=#{2,3} )", text):
        lessons: list[Lesson] = []
        written = part
        for kind, body in _BLOCK.findall(part):
            if kind == "console":
                mine = list(read_lessons(body))
                for lesson in mine:
                    await lesson.learn(node)
                written = written.replace(body, write_lessons(mine))
                lessons += mine
        whole.append(written)
        for name in _PICTURE.findall(part):
            pictures[name] = _draw(name, [one.found for one in lessons if one.found], sites)
    return "".join(whole), pictures


def _draw(name: str, found: Sequence[dict[str, Any]], sites: Mapping[str, Datacenter]) -> str:
    if name == "shedding":
        return draw_shedding()
    if name.endswith("-map"):
        return draw_map(sites, biased=name == "bias-map")
    return draw_ladders(found)


def read_lessons(body: str) -> Iterator[Lesson]:
    """Read the commands of a block, each with the lines below it."""
    lesson: Lesson | None = None
    for line in body.splitlines():
        if line.startswith("$ "):
            if lesson:
                yield lesson
            lesson = Lesson(line[2:], [])
        elif lesson:
            lesson.shown.append(line)
    if lesson:
        yield lesson


def write_lessons(lessons: Sequence[Lesson]) -> str:
    """Write commands and replies as a block has them."""
    return "".join("\n".join([f"$ {one.command}", *one.shown, ""]) for one in lessons)


async def main() -> None:
    """Write the document and its pictures anew."""
    text = DOCUMENT.read_text()
    async with school(text) as node:
        written, pictures = await learn(text, node)
    DOCUMENT.write_text(written)
    PICTURES.mkdir(exist_ok=True)
    for name, svg in pictures.items():
        (PICTURES / f"{name}.svg").write_text(svg)
    sys.stdout.write(f"{DOCUMENT.name} and {len(pictures)} pictures are written\n")


if __name__ == "__main__":
    asyncio.run(main())
