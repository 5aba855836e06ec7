"""The only door to the answer plane (`gslb._plane`, built from `plane/`).

It adds no policy: documents and words go in, packets, traces and counts come out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from gslb import snapshot
from gslb.model import Broken, PoolKey, Refused
from gslb.model.names import from_wire, to_wire
from gslb.trace import Trace

try:
    from gslb import _plane
except ImportError as error:  # a source checkout that was never built
    raise ImportError(f"the answer plane is not built ({error}); run: make build") from error

if _plane.FORMAT != snapshot.FORMAT:
    raise ImportError(
        f"the answer plane reads snapshot format {_plane.FORMAT}, this package writes "
        f"{snapshot.FORMAT}; run: make build"
    )


Database = _plane.Database
Overlay = _plane.Overlay


@dataclass(frozen=True, slots=True)
class Release:
    """What is swapped in at once: zones with their words, maps, and what goes."""

    revision: int
    zones: Sequence[tuple[bytes, Sequence[int], Sequence[int]]] = ()
    maps: Sequence[bytes] = ()
    drop_zones: Sequence[bytes] = ()
    drop_maps: Sequence[str] = ()


class Plane:
    """Names and words in, answers out; one an process."""

    def __init__(self) -> None:
        self._engine = _plane.Engine()
        self._server: _plane.Server | None = None
        self._started = False
        self.policy: snapshot.Policy | None = None

    def publish(self, release: Release) -> int:
        """Swap in a release by one pointer store; give the generation. All or nothing."""
        try:
            return self._engine.publish(
                release.revision,
                [
                    (document, snapshot.pack_words(members), snapshot.pack_words(pools))
                    for document, members, pools in release.zones
                ],
                list(release.maps),
                list(release.drop_zones),
                list(release.drop_maps),
            )
        except ValueError as error:
            raise Broken(f"the plane refused revision {release.revision}: {error}") from error

    def configure(self, policy: snapshot.Policy) -> None:
        """Speak by another policy from now on."""
        try:
            self._engine.configure(snapshot.encode(policy))
        except ValueError as error:
            raise Broken(f"the plane refused the policy: {error}") from error
        self.policy = policy

    def set_members(self, origin: bytes, changes: Iterable[tuple[int, int]]) -> None:
        """Store member words (index, word) of the zone at `origin` (wire form)."""
        self._engine.set_members(origin, list(changes))

    def set_pools(self, origin: bytes, changes: Iterable[tuple[int, int]]) -> None:
        """Store pool words (index, word) of the zone at `origin` (wire form)."""
        self._engine.set_pools(origin, list(changes))

    def respond(self, packet: bytes, source: str, *, tcp: bool) -> bytes | None:
        """Answer one packet, or None for silence; it is not counted."""
        return self._engine.respond(packet, source, tcp=tcp)

    def explain(self, packet: bytes, source: str, *, seed: int | None = None) -> Trace:
        """Answer one packet and give the witness's trace; `seed` fixes the draws."""
        return msgspec.json.decode(self._engine.explain(packet, source, seed=seed), type=Trace)

    def counters(self) -> dict[str, int]:
        """Give the sums of all threads' counters."""
        return self._engine.counters()

    def types(self) -> list[tuple[str, int]]:
        """Give how often each type was answered; the last is all `other`."""
        return self._engine.types()

    def times(self) -> tuple[list[tuple[int, int]], int]:
        """Give how long packets took: counts by upper bound, and the sum, in nanoseconds."""
        return self._engine.times()

    def panics(self) -> list[tuple[bytes, str, str]]:
        """Take the packets that made the plane panic: octets, sender, message; each once."""
        return self._engine.panics()

    def vip_answers(self) -> list[tuple[str, str, int]]:
        """Give how often each VIP answered from each datacenter; empty: its fallback."""
        return [(from_wire(vip), site, count) for vip, site, count in self._engine.answers()]

    def datacenter_answers(self) -> dict[str, int]:
        """Give how often each datacenter was answered, over all VIPs."""
        return dict(self._engine.datacenter_answers())

    def pool_answers(self, pools: Sequence[PoolKey]) -> dict[PoolKey, int]:
        """Give how often each of these pools was answered."""
        keys = [(to_wire(pool.vip), pool.datacenter) for pool in pools]
        return dict(zip(pools, self._engine.pool_answers(keys), strict=True))

    @property
    def generation(self) -> int:
        """How many releases have been swapped in."""
        return self._engine.generation

    @property
    def revision(self) -> int:
        """The revision being answered from; 0 before the first."""
        return self._engine.revision

    def bind(
        self, listen: Sequence[str], workers: int, inherited: Sequence[int] = ()
    ) -> tuple[str, ...]:
        """Bind the DNS sockets; nothing is answered before `start`. Give the real addresses.

        `inherited` are descriptors of sockets that are bound already, to take instead.
        """
        try:
            self._server = _plane.Server(
                self._engine, list(listen), workers, inherited=list(inherited)
            )
        except OSError as error:
            raise Refused(
                f"{error.strerror or error}; stop what holds the port, or choose another with --dns"
            ) from error
        return tuple(self._server.addresses)

    @property
    def handover_fd(self) -> int:
        """A descriptor to read while `handed_over` has something; -1 before `bind`."""
        return self._server.handover_fd if self._server is not None else -1

    def handed_over(self) -> list[tuple[int, str, bytes]]:
        """Take the connections that left the plane: descriptor, peer, octets not answered."""
        return self._server.handed_over() if self._server is not None else []

    def handed_datagrams(self) -> list[_plane.Datagram]:
        """Take the signed questions that came over UDP, after `handed_over`."""
        return self._server.handed_datagrams() if self._server is not None else []

    @property
    def answering(self) -> bool:
        """Whether the sockets are being read."""
        return self._started

    def start(self) -> None:
        """Begin to answer."""
        if self._server is not None and not self._started:
            self._server.start()
            self._started = True

    def stop(self, seconds: float) -> bool:
        """Answer what was received and end; False if some thread was still busy after that."""
        if self._server is None:
            return True
        server, self._server, self._started = self._server, None, False
        return server.stop(seconds)
