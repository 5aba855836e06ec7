"""Moments in the store: UTC, in ISO 8601, as text that sorts and that a person can read."""

from datetime import UTC, datetime


def write_moment(at: datetime) -> str:
    """Write an aware moment, such as `2026-11-23T21:15:00.000000Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_moment(text: str) -> datetime:
    """Read a moment as an aware datetime in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
