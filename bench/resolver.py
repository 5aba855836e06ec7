"""A resolver that behaves: it asks again when nothing comes, and over TCP when it is told to.

With cookies it also keeps the server's cookie and shows it (RFC 7873 section 5.4).
"""

import contextlib
import time
from dataclasses import dataclass, field

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

from bench.machine import HOST
from bench.worlds import ADDRESS, STATIC

PATIENCE = 1.0  # seconds
TRIES = 3
CLIENT_COOKIE = b"\x01\x23\x45\x67\x89\xab\xcd\xef"


@dataclass
class Resolver:
    """A resolver at an address of loopback, and what became of its questions."""

    source: str
    port: int
    cookies: bool
    asked: int = 0
    answered: int = 0
    over_tcp: int = 0
    _server: bytes = field(default=b"", repr=False)

    def work(self, rate: float, seconds: float) -> None:
        """Ask for the static name at a rate, one question after the other."""
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            due = self.asked / rate
            if due > now:
                time.sleep(due - now)
            self.asked += 1
            self.answered += self._resolve()

    def _resolve(self) -> bool:
        """Ask one question until it is answered; false if it never was."""
        for _ in range(TRIES):
            with contextlib.suppress(dns.exception.DNSException, OSError):
                reply = self._ask()
                if any(ADDRESS in rrset.to_text() for rrset in reply.answer):
                    return True
        return False

    def _ask(self) -> dns.message.Message:
        options: list[dns.edns.Option] = []
        if self.cookies:
            options.append(dns.edns.CookieOption(CLIENT_COOKIE, self._server))
        query = dns.message.make_query(STATIC, "A", use_edns=0, payload=1232, options=options)
        reply = dns.query.udp(query, HOST, PATIENCE, self.port, source=self.source)
        for option in reply.options:
            if isinstance(option, dns.edns.CookieOption):
                self._server = option.server
        if reply.flags & dns.flags.TC:
            self.over_tcp += 1
            reply = dns.query.tcp(query, HOST, PATIENCE, self.port, source=self.source)
        return reply
