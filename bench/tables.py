"""Tables as they stand in README.md."""

import statistics
from collections.abc import Iterable, Sequence


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table under its title."""
    print(f"\n### {title}\n")
    print(_row(head))
    print("|" + "---|" * len(head))
    for cells in rows:
        print(_row(cells))
    print(flush=True)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def median(values: Iterable[float]) -> float:
    """Give the median; 0 of nothing."""
    found = list(values)
    return statistics.median(found) if found else 0.0


def ratio(value: float, to: float) -> str:
    """Write a ratio; a dash where there is nothing to compare with."""
    return f"{value / to:.3f}" if to else "-"
