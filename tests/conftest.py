"""What all tests share: the `peer` mark (see peers.py), and the `long` mark."""

import peers
import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for a test's peers, and for what is too long for here, before fixtures are made."""
    peers.check(item)
    if item.get_closest_marker("long") and not peers.required():
        pytest.skip("takes over ten seconds; .ci/run runs it, as does GSLB_REQUIRE_PEERS=1")
