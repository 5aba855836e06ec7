"""Addresses and networks, as text in files and JSON."""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer


def _parse_address(value: Any) -> Any:
    try:
        address = ip_address(value if not isinstance(value, int | bytes) else str(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is not an IPv4 or IPv6 address") from error
    if getattr(address, "scope_id", None) is not None:
        raise ValueError(f"the address {address} names an interface; leave out the % and the rest")
    return address


def _parse_network(value: Any) -> Any:
    try:
        return ip_network(value if not isinstance(value, int | bytes) else str(value))
    except ValueError as error:
        raise ValueError(
            f"{value!r} is not a network; write 10.0.0.0/8 or 2001:db8::/32, host bits zero"
        ) from error


Address = Annotated[
    IPv4Address | IPv6Address,
    BeforeValidator(_parse_address, json_schema_input_type=str),
    PlainSerializer(str, return_type=str),
]
Network = Annotated[
    IPv4Network | IPv6Network,
    BeforeValidator(_parse_network, json_schema_input_type=str),
    PlainSerializer(str, return_type=str),
]
