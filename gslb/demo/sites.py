"""Toy sites seen from outside: started, killed, told to hang or to fail."""

import asyncio
import signal
import sys
from collections.abc import Iterable, Sequence
from typing import Self

from gslb.demo.site import MODES
from gslb.model import Refused, World

ANSWER_WITHIN = 10.0  # seconds for a site's process to say that it listens or obeys


class Site:
    """One toy site; port 0 takes a free one at the first start and keeps it."""

    def __init__(self, name: str, host: str, port: int) -> None:
        self.name = name
        self.host = host
        self.port = port
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process, or make a running one well; Refused if its port is taken."""
        if self.running:
            await self.behave("ok")
            return
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gslb.demo.site",
            self.name,
            self.host,
            str(self.port),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in the terminal is for the demo, which then ends it
        )
        word, _, rest = (await self._line()).partition(" ")
        if word != "listening":
            await self.kill()
            raise Refused(
                f"the toy site {self.name} cannot listen on {self.host}:{self.port}: {rest}; "
                "stop what holds the port"
            )
        self.port = int(rest)

    async def behave(self, mode: str) -> None:
        """Have it answer `ok`, answer `error`, or `hang`."""
        if not self.running or self._process is None or self._process.stdin is None:
            raise Refused(f"the site {self.name} is not running; start it first")
        self._process.stdin.write(f"{mode}\n".encode())
        await self._process.stdin.drain()
        await self._line()

    async def kill(self) -> None:
        """Kill the process, as a site dies."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.communicate()

    async def _line(self) -> str:
        if self._process is None or self._process.stdout is None:
            return ""
        line = await asyncio.wait_for(self._process.stdout.readline(), ANSWER_WITHIN)
        return line.decode().strip()


class Sites:
    """The demo's sites, by name; an async context manager that ends them."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self._sites = {site.name: site for site in sites}

    @classmethod
    def of(cls, world: World) -> "Sites":
        """Give a site for each place on loopback that a world's members are probed at."""
        places: dict[tuple[str, int], str] = {}
        for vip in world.vips.values():
            for datacenter, pool in vip.pools.items():
                for member in pool.members:
                    host = member.probe_address or member.address
                    if host is not None and host.is_loopback and member.probe_port is not None:
                        places.setdefault((str(host), member.probe_port), datacenter)
        return cls(Site(name, host, port) for (host, port), name in places.items())

    async def __aenter__(self) -> Self:
        try:
            for site in self._sites.values():
                await site.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for site in self._sites.values():
            await site.kill()

    @property
    def names(self) -> Sequence[str]:
        """Every site's name."""
        return list(self._sites)

    async def obey(self, line: str) -> str:
        """Carry out `stop|start|hang|break SITE` or `sites`; give a sentence."""
        verb, _, name = line.strip().partition(" ")
        name = name.strip()
        if verb in {"", "help"}:
            return f"say: stop|start|hang|break {'|'.join(self._sites)}, or sites"
        if verb == "sites":
            return "\n".join(
                f"{site.name}: {site.host}:{site.port} {'running' if site.running else 'stopped'}"
                for site in self._sites.values()
            )
        if verb not in _VERBS:
            return f"there is no command {verb!r}; say stop, start, hang, break or sites"
        site = self._sites.get(name)
        if site is None:
            return f"there is no site {name!r}; the sites are {', '.join(self._sites)}"
        try:
            return await _carry_out(verb, site)
        except Refused as error:
            return str(error)


_VERBS = {"stop": None, "start": "ok", "hang": "hang", "break": "error"}
_SAYS = {
    "stop": "{} is dead: its process was killed",
    "start": "{} is well again",
    "hang": "{} accepts connections and never answers",
    "break": "{} answers 500",
}


async def _carry_out(verb: str, site: Site) -> str:
    mode = _VERBS[verb]
    if verb == "stop":
        await site.kill()
    elif verb == "start":
        await site.start()
    elif mode in MODES:
        await site.behave(mode)
    return _SAYS[verb].format(site.name)
