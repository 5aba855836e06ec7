"""What all tests share: the `peer` mark (see peers.py)."""

import peers
import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for a test's peers before its fixtures are made."""
    peers.check(item)
