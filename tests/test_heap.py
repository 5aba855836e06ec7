"""The garbage collector rests while anything grows, in whatever thread, and goes on after it."""

import gc
from concurrent.futures import ThreadPoolExecutor

import pytest

from gslb.heap import growing, settle


def test_the_collector_rests_until_the_last_has_grown() -> None:
    assert gc.isenabled()
    with growing():
        with ThreadPoolExecutor(1) as pool:

            def inside() -> bool:
                with growing():
                    return gc.isenabled()

            assert not pool.submit(inside).result()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError), growing():
        _ = 1 / 0
    assert gc.isenabled()


def test_what_has_settled_is_not_looked_at_again() -> None:
    try:
        settle()
        assert gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()
