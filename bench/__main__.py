"""`python -m bench [PART ...]`: every part, or those named; one table or more for each."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import agreement, flood, geo, instructions, publish, spill, stall, tcp, udp, workers
from bench.machine import Bench, BenchError, described, two_cores

PARTS: dict[str, Callable[[Bench], None]] = {
    "agreement": agreement.main,
    "udp": udp.main,
    "instructions": instructions.main,
    "tcp": tcp.main,
    "publish": publish.main,
    "workers": workers.main,
    "flood": flood.main,
    "geo": geo.main,
    "spill": spill.main,
    "stall": stall.main,
}
QUICK = 0.02  # of every count and time


def main() -> int:
    """Measure and print; 1 if something needed is missing or an answer was wrong."""
    options = _options()
    print(described(), flush=True)
    if options.quick:
        print("quick: the parts are tried, the figures mean nothing")
    failed = 0
    for name in options.parts or PARTS:
        try:
            with tempfile.TemporaryDirectory(prefix="gslb-bench-") as folder:
                PARTS[name](_bench(options, Path(folder)))
        except BenchError as error:
            print(f"bench: {name}: {error}", file=sys.stderr)
            failed = 1
    return failed


def _bench(options: argparse.Namespace, folder: Path) -> Bench:
    server, client = two_cores()
    rounds, scale = (1, QUICK) if options.quick else (options.rounds, options.scale)
    return Bench(folder, server, client, rounds, scale, options.quick, options.city)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; none: all")
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (5)")
    parser.add_argument("--scale", type=float, default=1.0, help="times all counts and times (1)")
    parser.add_argument("--quick", action="store_true", help="try everything, in two minutes")
    parser.add_argument(
        "--city", type=Path, help="a MaxMind-format City database, for `geo`, `spill` and `stall`"
    )
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
