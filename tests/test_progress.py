"""Long work says how far it has come, once a second; short work says nothing."""

import logging

import pytest

from gslb.telemetry import Progress


def test_progress_is_told_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gslb.progress")
    now = 100.0
    progress = Progress("reading x.zone", 1_000_000, "lines", lambda: now)
    for now, done in ((100.5, 10), (100.99, 20), (101.2, 400_000), (101.9, 5), (102.3, 900_000)):  # noqa: B007
        progress.at(done)
    assert caplog.messages == [
        "reading x.zone: 400,000 of 1,000,000 lines",
        "reading x.zone: 900,000 of 1,000,000 lines",
    ]
