"""The small values of the model: weights, durations, ports, statuses, keys."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

MAX_WEIGHT = 65535
MAX_TTL = 2**31 - 1  # seconds, RFC 2181 section 8

_DURATION = re.compile(r"(?P<count>\d+)(?P<unit>ms|s|m|h)")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_LONGEST = 24 * 3_600_000


class Noun(BaseModel):
    """What every noun of the model is: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def parse_duration(value: Any) -> int:
    """Read `500ms`, `5s`, `2m` or `1h` into whole milliseconds."""
    if isinstance(value, int) and not isinstance(value, bool):
        found = re.fullmatch(_DURATION, f"{value}ms")
    else:
        found = re.fullmatch(_DURATION, value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{value!r} is not a duration; write it like 500ms, 5s or 2m")
    milliseconds = int(found["count"]) * _MILLISECONDS[found["unit"]]
    if not 1 <= milliseconds <= _LONGEST:
        raise ValueError(f"the duration {value!r} is outside 1ms to 24h")
    return milliseconds


def format_duration(milliseconds: int) -> str:
    """Write whole milliseconds in the largest unit that loses nothing."""
    for unit in ("h", "m", "s"):
        if milliseconds % _MILLISECONDS[unit] == 0:
            return f"{milliseconds // _MILLISECONDS[unit]}{unit}"
    return f"{milliseconds}ms"


Duration = Annotated[
    int,
    BeforeValidator(parse_duration, json_schema_input_type=str),
    PlainSerializer(format_duration, return_type=str),
]
"""Whole milliseconds; text such as `5s` in files and JSON."""

_PERCENT = re.compile(r"(?P<number>\d{1,4})%")


def parse_percent(value: Any) -> Any:
    """Read `80%` or 80 into whole percent."""
    found = re.fullmatch(_PERCENT, value) if isinstance(value, str) else None
    if isinstance(value, str) and found is None:
        raise ValueError(f"{value!r} is not a percentage; write it like 80%")
    return int(found["number"]) if found else value


Percent = Annotated[
    int,
    BeforeValidator(parse_percent, json_schema_input_type=int | str),
    PlainSerializer(lambda value: f"{value}%", return_type=str),
    Field(ge=1, le=1000, strict=True),
]
"""Whole percent; text such as `80%` in files and JSON."""

Weight = Annotated[int, Field(ge=0, le=MAX_WEIGHT, strict=True)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Ttl = Annotated[int, Field(ge=0, le=MAX_TTL, strict=True)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
"""A short name that an operator gives to a datacenter, probe or map."""
