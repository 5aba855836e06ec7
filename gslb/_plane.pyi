"""The answer plane, in Rust (`plane/src/python.rs`). Only `gslb/plane.py` imports it."""

from collections.abc import Sequence
from typing import final

__all__ = ["FORMAT", "Database", "Datagram", "Engine", "Overlay", "Server"]

FORMAT: int

@final
class Database:
    """A MaxMind DB file, read whole and checked: a file that changes later changes nothing here.

    Places are its distinct data records, numbered from 1; place 0 is that of unknown addresses.
    """

    @staticmethod
    def open(path: str) -> Database:
        """Read a file. OSError if it cannot be read; ValueError says what is wrong with it."""
    @property
    def metadata(self) -> bytes:
        """What the file says of itself, JSON with the keys of the MaxMind DB format."""
    @property
    def places(self) -> int:
        """How many places there are, with place 0."""
    def look(self, address: str) -> tuple[str, int]:
        """Give what it says of an address, as JSON, and the length of the network it says it of."""
    def columns(
        self, wanted: Sequence[tuple[str, list[str], str]]
    ) -> dict[str, tuple[bytes, list[str]]]:
        """Read columns (name, paths, kind) of all places: what stands at the first path there is.

        A path is `location.latitude` or `subdivisions.0.iso_code`. Kind `number` gives float64,
        NaN where there is none, also out of text such as `35.68` and `AS15169`; kind `text` gives
        uint32, places in the list of words, of which word 0 is empty and means none.
        """

@final
class Overlay:
    """Client networks cut where any layer's id changes."""

    def __new__(
        cls,
        databases: list[tuple[Database, bytes]],
        networks: list[tuple[bytes, bytes, bytes, bytes]],
    ) -> Overlay:
        """Lay databases, with an id (uint32) for each place, and ranges over each other.

        Ranges are IPv4 starts (uint32), ids, IPv6 starts (uint64, upper halves), ids, and cover
        all addresses. Networks of IPv6 that a database has as aliases of IPv4 get one of the ids
        of `gslb.snapshot.IN_IPV4` from it. ValueError if something does not fit.
        """
    @property
    def combinations(self) -> bytes:
        """The distinct combinations of ids, uint32, a column for each layer, databases first."""
    def ranges(self, classes: bytes) -> tuple[bytes, bytes, bytes, bytes]:
        """Give the ranges of classes (uint32, one for each combination), neighbours merged.

        IPv4 starts, classes, IPv6 starts, classes; packed as `gslb.snapshot.Ranges` has them.
        """

@final
class Engine:
    """The published world and the function that answers packets. Safe to share with servers."""

    def __new__(cls) -> Engine: ...
    def publish(
        self,
        revision: int,
        zones: list[tuple[bytes, bytes, bytes]],
        maps: list[bytes],
        drop_zones: list[bytes],
        drop_maps: list[str],
    ) -> int:
        """Swap in documents by one pointer store; give the new generation.

        A zone is (document, member words, pool words), words packed as little-endian uint64, one
        for each member and pool in document order. All or nothing: ValueError names the fault.
        """
    def configure(self, policy: bytes) -> None:
        """Swap in a policy (`gslb.snapshot.Policy`); ValueError names the fault."""
    def set_members(self, origin: bytes, changes: list[tuple[int, int]]) -> None:
        """Store member words in place: (index, word). ValueError if zone or index is unknown."""
    def set_pools(self, origin: bytes, changes: list[tuple[int, int]]) -> None:
        """Store pool words in place: (index, word). ValueError if zone or index is unknown."""
    def respond(
        self, packet: bytes, source: str, *, tcp: bool = False, seed: int | None = None
    ) -> bytes | None:
        """Answer one packet from an address, or None for silence. `seed` fixes the draws.

        From a front end that the policy trusts a header of the PROXY protocol is taken off.
        """
    def explain(
        self, packet: bytes, source: str, *, tcp: bool = False, seed: int | None = None
    ) -> bytes:
        """Answer as `respond` does and give the witness's trace as JSON.

        Its shape (`plane/src/trace.rs` says it of each key): zone, revision, generation, name,
        type, rcode, aa, truncated, client {address, prefix, from: ecs|source|proxy, front_end},
        lookup (exact, wildcard, cut, nxdomain, nodata, cname, dname, or refused where no zone was
        asked), chain [{name, lookup}], vip, sticky, steady, map, class, range_prefix, tiers,
        overflow, fallback (null, all, none, servfail, addresses, vip), fallback_vips, ttl, scope,
        answers [address], rrsets [type].

        `tiers` has every tier of the client's ladder, also those after the one that answered:
        {tier, datacenters, live, chosen, pools: [{datacenter, weight, configured, live, shed,
        shed_client, halved, capacity, share, chosen, members: [{address, weight, configured,
        ttl_cap, share, chosen, family_match}]}]}.
        `fallback_vips` has the keys from vip to fallback for each VIP that was asked in its place.
        `weight` is the effective one as a float, `configured` the whole number; the share of a
        pool is that of its tier, the share of a member that of its pool.
        """
    def counters(self) -> dict[str, int]:
        """Sum the counters of all threads, by name; `respond` and `explain` here do not count.

        udp_received = udp_answered + udp_dropped + udp_handed_over;
        tcp_received = tcp_answered + tcp_dropped;
        udp_answered + tcp_answered = noerror + formerr + servfail + nxdomain + notimp + refused +
        yxdomain + badvers + badcookie; udp_dropped + tcp_dropped = dropped_malformed +
        dropped_response + dropped_limited + panics. Of the answered are truncated, limited, edns,
        ecs, cookies, cookies_valid; of udp_answered are udp_unsent. tcp_connections counts those
        accepted, of which are tcp_closed_idle, _slow, _full and _network, which we ended; tcp_open
        rises and falls.
        """
    def types(self) -> list[tuple[str, int]]:
        """Count the answers by the type asked for: mnemonics in lower case, the last `other`."""
    def times(self) -> tuple[list[tuple[int, int]], int]:
        """Say how long packets took, one UDP packet in 64: counts by upper bound, and the sum.

        Bounds and sum are in nanoseconds; a bound's count leaves out those of the bounds below it,
        and the last bound holds all that took longer.
        """
    def panics(self) -> list[tuple[bytes, str, str]]:
        """Take the packets that made the plane panic: octets, sender's address, message and place.

        Each is given once. At most 16 wait; what finds no room is only counted, as `panics`.
        """
    def answers(self) -> list[tuple[bytes, str, int]]:
        """Count the answers of VIPs: owner in wire form, datacenter (empty: fallback), count."""
    def datacenter_answers(self) -> list[tuple[str, int]]:
        """Count the answers of VIPs by datacenter (empty: fallbacks)."""
    def pool_answers(self, pools: list[tuple[bytes, str]]) -> list[int]:
        """Count the answers of VIPs (owners in wire form) from datacenters, in their order."""
    @property
    def generation(self) -> int:
        """How many times a world has been published."""
    @property
    def revision(self) -> int:
        """The revision last published; 0 before the first."""

@final
class Datagram:
    """A question, signed by TSIG, that came in a datagram and left the plane."""

    @property
    def peer(self) -> str:
        """The address that sent it."""
    @property
    def octets(self) -> bytes:
        """The message."""
    def reply(self, octets: bytes) -> None:
        """Send its reply, from the address that it was sent to; OSError if the system will not."""

@final
class Server:
    """UDP and TCP sockets on threads of their own."""

    def __new__(
        cls, engine: Engine, listen: list[str], workers: int, *, inherited: list[int] = ...
    ) -> Server:
        """Bind every `ADDR:PORT` for UDP (once a worker, SO_REUSEPORT) and TCP; OSError if taken.

        The OSError has the system's errno and a sentence that names address and protocol;
        ValueError for what is no `ADDR:PORT`. `inherited` are descriptors of sockets that are
        bound already: these are then taken instead, and belong to the server.

        Nothing is answered before `start`. Port 0 takes one free port for both.
        """
    @property
    def addresses(self) -> list[str]:
        """The bound addresses, in the order asked for."""
    @property
    def handover_fd(self) -> int:
        """A descriptor to read while connections wait in `handed_over`; it is not yours."""
    def handed_over(self) -> list[tuple[int, str, bytes]]:
        """Take the TCP connections that left the plane, where the policy has `transfers`.

        Each is (descriptor, which is yours and does not block; the peer's address; octets that
        were read and not answered). The octets begin with a whole frame: a question for a zone
        transfer (AXFR, IXFR), or one signed by TSIG (RFC 8945). At most 64 wait; beyond that they
        stay in the plane, which refuses transfers.
        """
    def handed_datagrams(self) -> list[Datagram]:
        """Take the signed questions that came over UDP, after `handed_over` has been called.

        At most 64 wait, and 500 come in a second; beyond that the plane answers them, unsigned.
        """
    def start(self) -> None:
        """Start the threads."""
    def stop(self, seconds: float) -> bool:
        """Answer what was received, end the threads; False if some were still busy then."""
