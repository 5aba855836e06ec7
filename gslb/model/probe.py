"""Probes: how a member is asked whether it is well. One class a kind."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, PlainSerializer, Tag, model_validator

from gslb.model.values import Duration, Noun, Port

_RANGE = re.compile(r"(?P<low>[1-5]\d\d)(?:-(?P<high>[1-5]\d\d))?")


def _parse_status(value: Any) -> tuple[int, int]:
    if isinstance(value, tuple):
        return value
    found = re.fullmatch(_RANGE, str(value))
    if found is None:
        raise ValueError(f"{value!r} is not a status; write 200 or 200-399")
    low, high = int(found["low"]), int(found["high"] or found["low"])
    if high < low:
        raise ValueError(f"the status range {value!r} ends before it starts")
    return low, high


def _format_status(span: tuple[int, int]) -> str:
    low, high = span
    return str(low) if low == high else f"{low}-{high}"


StatusRange = Annotated[
    tuple[int, int],
    BeforeValidator(_parse_status, json_schema_input_type=str),
    PlainSerializer(_format_status, return_type=str),
]
"""Lowest and highest status that count as well, both included; `200-399` in files."""


class _Probe(Noun):
    """What every kind has: when to ask, how long to wait, how many answers make a verdict."""

    port: Port | None = None
    interval: Duration = 10_000
    timeout: Duration = 2_000
    rise: int = Field(default=2, ge=1, le=100)
    fall: int = Field(default=3, ge=1, le=100)

    @model_validator(mode="after")
    def _timeout_within_interval(self) -> "_Probe":
        if self.timeout > self.interval:
            raise ValueError("the timeout is longer than the interval; shorten the timeout")
        return self


class HttpProbe(_Probe):
    """An HTTP/1.1 GET; well if the status is wanted and the body contains what it should.

    The header named by `load_header`, a number, tells the member's load (`Capacity.load`).
    """

    kind: Literal["http"]
    path: str = Field(default="/", pattern=r"^/[\x21-\x7e]*$")
    host: str | None = Field(default=None, pattern=r"^[\x21-\x7e]+$")
    status: tuple[StatusRange, ...] = Field(default=((200, 399),), min_length=1)
    contains: str | None = Field(default=None, min_length=1, max_length=1024)
    load_header: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]{1,64}$")


class TcpProbe(_Probe):
    """A TCP connection; well if it is accepted in time."""

    kind: Literal["tcp"]


def _kind(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return f"<{kind}>" if kind in KINDS else None


KINDS = ("http", "tcp")
Probe = Annotated[
    Annotated[HttpProbe, Tag("<http>")] | Annotated[TcpProbe, Tag("<tcp>")],
    Discriminator(
        _kind,
        custom_error_type="probe_kind",
        custom_error_message=f"a probe needs a kind; write kind: {' or kind: '.join(KINDS)}",
    ),
]
DEFAULT_PORTS = {"http": 80}
"""Ports by kind where neither the probe nor the member names one; kinds without one need it."""
