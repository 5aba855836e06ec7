"""Times as explanations write them, and as operators do."""

from datetime import UTC, datetime, timedelta

from gslb.model import Fault, Invalid


def moment(since: float | None) -> str:
    """Write a time of unix seconds in UTC; None is the start."""
    if since is None:
        return "the start"
    return f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M:%SZ}"


def read_moment(text: str, now: float) -> float:
    """Read `14:03`, `14:03:20` (UTC, the last time it was so) or ISO 8601, into unix seconds.

    Invalid if it is neither, or lies ahead.
    """
    today = datetime.fromtimestamp(now, UTC)
    for form in ("%H:%M", "%H:%M:%S"):
        try:
            found = datetime.strptime(text, form).replace(
                year=today.year, month=today.month, day=today.day, tzinfo=UTC
            )
        except ValueError:
            continue
        return (found if found <= today else found - timedelta(days=1)).timestamp()
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(
            [Fault(("at",), f"{text!r} is no time; write 14:03, or 2026-11-25T14:03:20Z")]
        ) from error
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if found > today:
        raise Invalid([Fault(("at",), f"{moment(found.timestamp())} lies ahead")])
    return found.timestamp()
