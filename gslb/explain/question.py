"""A question to explain, as the packet that would ask it."""

import struct
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface, ip_network

from dnslib import EDNS0, DNSHeader, DNSQuestion, DNSRecord, EDNSOption

from gslb.model import Fault, Invalid
from gslb.model.names import canonical, labels
from gslb.model.records import type_number

ECS = 8  # option code, RFC 7871 section 6
FAMILIES = {4: 1, 6: 2}  # RFC 7871 section 6, by IP version


@dataclass(frozen=True)
class Question:
    """What is asked, by whom.

    `client` is an address, or a network such as 203.0.113.0/24, which is sent as ECS (RFC 7871);
    `via` is the address of a front end that tells the client by PROXY protocol, if there is one.
    """

    name: str
    rtype: str
    client: str
    via: str = ""

    def packet(self) -> tuple[bytes, str]:
        """Give the packet and the address it comes from; Invalid names every bad argument."""
        packet, source = _question(self.name, self.rtype, self.client, self.via)
        return (_told(source) + packet, self.via) if self.via else (packet, source)


def _question(name: str, rtype: str, client: str, via: str) -> tuple[bytes, str]:
    faults: list[Fault] = []
    absolute = name if name.endswith(".") else f"{name}."
    try:
        canonical(absolute)
    except ValueError as error:
        faults.append(Fault(("name",), str(error)))
    try:
        number = type_number(rtype)
    except ValueError as error:
        faults.append(Fault(("type",), str(error)))
    try:
        interface = ip_interface(client)
    except ValueError:
        faults.append(
            Fault(("client",), f"{client!r} is not a client; write 203.0.113.7 or 203.0.113.0/24")
        )
    faults += _via_faults(via)
    if faults:
        raise Invalid(faults)
    record = DNSRecord(DNSHeader(id=0, rd=0), q=DNSQuestion(list(labels(absolute)), number))
    options = [] if "/" not in client else [_ecs(str(interface.ip), interface.network.prefixlen)]
    record.add_ar(EDNS0(udp_len=1232, opts=options))
    return bytes(record.pack()), str(interface.ip)


def _via_faults(via: str) -> list[Fault]:
    try:
        ip_address(via or "::")
    except ValueError:
        return [Fault(("via",), f"{via!r} is not a front end; write its address, as 192.0.2.80")]
    return []


def _told(client: str) -> bytes:
    """Make a front end's header: PROXY protocol version 2, datagram, ports 0, sent to nobody."""
    address = ip_address(client)
    told = address.packed + bytes(len(address.packed) + 4)
    family = 0x12 if address.version == 4 else 0x22  # noqa: PLR2004
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(">BBH", 0x21, family, len(told)) + told


def _ecs(address: str, prefix: int) -> EDNSOption:
    """Make an ECS option with the address cut to its prefix (RFC 7871 section 6)."""
    network = ip_network(f"{address}/{prefix}", strict=False)
    octets = network.network_address.packed[: (prefix + 7) // 8]
    return EDNSOption(ECS, bytes([0, FAMILIES[network.version], prefix, 0]) + octets)
