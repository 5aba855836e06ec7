"""Peers: programs from Debian's packages that tests run beside gslb, and how to do without them.

A test says `@pytest.mark.peer("unbound")`. Where the program is missing it is skipped with a
reason; under GSLB_REQUIRE_PEERS=1, as in `.ci/run`, it fails. The same holds for what a test
needs of the machine besides programs (`lacking`).
"""

import os
import shutil
from typing import NoReturn

import pytest

SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where daemons lie; an ordinary user's PATH often leaves these out."""


def find(program: str) -> str | None:
    """Give the path of a program, or None."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:{SYSTEM}")


def path_of(program: str) -> str:
    """Give the path of a program; without it the test is skipped, or fails."""
    return find(program) or lacking(f"{program} is not installed; .ci/run installs it")


def required() -> bool:
    """Whether a missing peer is a failure."""
    return os.environ.get("GSLB_REQUIRE_PEERS") == "1"


def lacking(reason: str) -> NoReturn:
    """Skip the test with a reason, or fail it where peers are required."""
    if required():
        pytest.fail(f"{reason} (GSLB_REQUIRE_PEERS=1)", pytrace=False)
    pytest.skip(reason)


def check(item: pytest.Item) -> None:
    """Skip or fail a test whose `peer` marks name a missing program."""
    for mark in item.iter_markers("peer"):
        for program in mark.args:
            path_of(program)
