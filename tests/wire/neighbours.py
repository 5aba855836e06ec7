"""Run inside a namespace of its own: replies to neighbours that are not there hold nobody up.

Questions with sources on a link where nobody lives are put onto the link. The kernel keeps the
replies while it looks for the neighbours, and they fill the server's send buffer. Prints how long
another client then waits for its answer, and whether `stop` ends in time.
"""

import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import dns.message

from gslb.model import World, find_edits
from gslb.plane import Plane
from gslb.publisher import Press

sys.path.insert(0, str(Path(__file__).parents[1]))
from atlases import nowhere

BURST = 600
MAC = b"\x02\0\0\0\0\x01"
WORLD = World.model_validate(
    {
        "zones": {
            "z.": {
                "origin": "z.",
                "rrsets": [
                    {"name": "z.", "type": "SOA", "ttl": 9, "rdata": ["ns.z. a.z. 1 2 3 4 5"]},
                    {"name": "z.", "type": "NS", "ttl": 9, "rdata": ["ns.z."]},
                    {"name": "ns.z.", "type": "A", "ttl": 9, "rdata": ["192.0.2.1"]},
                ],
            }
        }
    }
)
QUESTION = dns.message.make_query("ns.z.", "A").to_wire()


def checksum(header: bytes) -> int:
    """Give the IPv4 header checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(source: int, port: int) -> bytes:
    """Make an Ethernet frame with a question from 10.9.x.y, who does not exist."""
    udp = struct.pack(">HHHH", 1024 + source % 60000, port, 8 + len(QUESTION), 0) + QUESTION
    address = bytes([10, 9, 1 + source // 250, 1 + source % 250])
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + address
    ip += bytes([10, 9, 0, 1])
    ip = ip[:10] + checksum(ip).to_bytes(2, "big") + ip[12:]
    return MAC + b"\x02\0\0\0\0\x09" + b"\x08\x00" + ip + udp


def main() -> None:
    """Make the link, flood it, ask, stop."""
    for command in (
        f"ip link add v0 address {MAC.hex(':')} type veth peer name v1",
        "ip addr add 10.9.0.1/16 dev v0",
        "ip link set v0 up",
        "ip link set v1 up",
    ):
        subprocess.run(command.split(), check=True)
    plane = Plane()
    press = Press(plane, lambda _: 1.0, nowhere())
    press.publish(press.prove(WORLD, find_edits(World(), WORLD)), 1)
    (address,) = plane.bind(["0.0.0.0:0"], 1)
    port = int(address.rpartition(":")[2])
    plane.start()
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind(("v1", 0))
    for source in range(BURST):
        wire.send(frame(source, port))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        start = time.monotonic()
        client.sendto(QUESTION, ("127.0.0.1", port))
        client.recv(512)
        sys.stdout.write(f"answered after {time.monotonic() - start:.3f}\n")
    for source in range(BURST, 2 * BURST):
        wire.send(frame(source, port))
    stopped, received = plane.stop(2.0), plane.counters()["udp_received"]
    sys.stdout.write(f"stopped in time: {stopped}; received {received}\n")


if __name__ == "__main__":
    main()
