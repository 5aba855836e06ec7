"""Run in a process of its own: a plane that may open only a few more files than it has."""

import json
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from nameserver import make_world, serving

MORE = 20
ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
www    60   A     192.0.2.1
"""


def main() -> None:
    """Serve; print the port, and after each line of input the counters."""
    with serving(make_world(("gslb.example.", ZONE))) as nameserver:
        highest = max(int(file.name) for file in Path("/proc/self/fd").iterdir())
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + MORE, hard))
        say(nameserver.port)
        for _ in sys.stdin:
            say(nameserver.engine.counters())


def say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
