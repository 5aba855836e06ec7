"""One nameserver a test file: it serves the file's own `WORLD`."""

from collections.abc import Iterator

import pytest
from nameserver import Nameserver, serving


@pytest.fixture(scope="module")
def nameserver(request: pytest.FixtureRequest) -> Iterator[Nameserver]:
    """Serve the `WORLD` at the top of the test's file."""
    with serving(request.module.WORLD) as found:
        yield found
