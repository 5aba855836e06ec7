"""Settings of one node: flags, then GSLB_* variables, then gslb.toml, then the defaults here.

What is served is not here but in the store; these only say where this process stands.
"""

import os
import socket
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from gslb.model import Invalid
from gslb.model.faults import faults_from
from gslb.model.names import canonical
from gslb.model.values import Duration

CONFIG = "gslb.toml"


def parse_listen(text: str) -> str:
    """Check `ADDR:PORT` or `[V6]:PORT` and give it in that form; port 0 picks a free one."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004
        raise ValueError(f"{text!r} is not ADDR:PORT; write 127.0.0.1:5300 or [::1]:5300")
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError as error:
        raise ValueError(f"{host!r} is not an IP address; write 127.0.0.1:5300") from error
    if (address.version == 6) != host.startswith("["):  # noqa: PLR2004
        raise ValueError(f"{text!r}: brackets go around an IPv6 address, as in [::1]:5300")
    return f"[{address}]:{int(port)}" if host.startswith("[") else f"{address}:{int(port)}"


def split_listen(text: str) -> tuple[str, int]:
    """Give host and port of a checked `ADDR:PORT`."""
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...],
    NoDecode,
    BeforeValidator(lambda value: _split(value) if value else ()),
]
Files = Annotated[
    tuple[Path, ...],
    NoDecode,
    BeforeValidator(lambda value: _split(value) if value else ()),
]
Listen = Annotated[str, AfterValidator(parse_listen)]


def parse_secondary(text: str) -> str:
    """Check `ADDR:PORT` or `ADDR:PORT#KEY`, and give it in that form."""
    address, hash_sign, key = text.partition("#")
    address = parse_listen(address)
    if address.endswith(":0"):
        raise ValueError(f"{text!r} has port 0; write the port that the secondary listens on")
    if not hash_sign:
        return address
    try:
        return f"{address}#{canonical(key if key.endswith('.') else f'{key}.')}"
    except ValueError as error:
        raise ValueError(f"{text!r} names no key: {error}; write 192.0.2.1:53#key") from error


Secondaries = Annotated[
    tuple[Annotated[str, AfterValidator(parse_secondary)], ...],
    NoDecode,
    BeforeValidator(lambda value: _split(value) if value else ()),
]


class WireSettings(BaseSettings):
    """How a node speaks DNS, whatever it serves."""

    model_config = SettingsConfigDict(env_prefix="GSLB_", extra="forbid", frozen=True)

    udp_payload: int = Field(
        default=1232, ge=512, le=2048, description="longest answer over UDP, octets (RFC 9715)"
    )
    ecs_from: Networks = Field(
        default=(IPv4Network("0.0.0.0/0"), IPv6Network("::/0")),
        description="whose client subnets (ECS) are believed",
    )
    proxy_from: Networks = Field(
        default=(), description="front ends that say for whom they ask, by PROXY protocol v2"
    )
    nsid: str = Field(default="", max_length=128, description="what NSID says; empty: nothing")
    version_bind: str = Field(
        default="", max_length=255, description="what CHAOS version.bind says; empty: REFUSED"
    )
    id_server: str = Field(
        default="",
        max_length=255,
        description="what CHAOS id.server and hostname.bind say; empty: REFUSED",
    )
    cookies: Literal["on", "off", "required"] = Field(
        default="on", description="DNS cookies; required: BADCOOKIE over UDP until one is right"
    )
    cookie_secrets: Path | None = Field(
        default=None,
        description="file of secrets, 32 hex digits a line, the first signs; "
        "default: cookie-secrets in the state folder, made at the first start",
    )
    explain_txt: bool = Field(
        default=False, description="TXT of _explain.NAME tells a client why a VIP answers it so"
    )
    rrl_rate: int = Field(
        default=1000,
        ge=0,
        le=1_000_000,
        description="answers a second of one kind to one client network; 0: no limit",
    )
    rrl_slip: int = Field(
        default=1, ge=0, le=10, description="every how many-th limited answer is sent, truncated"
    )
    rrl_ipv4_prefix: int = Field(default=24, ge=8, le=32, description="client networks, IPv4")
    rrl_ipv6_prefix: int = Field(default=56, ge=16, le=64, description="client networks, IPv6")
    rrl_entries: int = Field(
        default=131_072, ge=1024, le=16_777_216, description="client networks remembered at once"
    )
    rrl_exempt: Networks = Field(
        default=(IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
        description="networks that are never limited",
    )
    tcp_connections: int = Field(default=1000, ge=1, le=100_000, description="of all clients")
    tcp_per_network: int = Field(
        default=200, ge=1, le=100_000, description="TCP connections of one client network"
    )
    tcp_ipv4_prefix: int = Field(default=24, ge=8, le=32, description="client networks, IPv4")
    tcp_ipv6_prefix: int = Field(default=56, ge=16, le=64, description="client networks, IPv6")
    tcp_idle: Duration = Field(
        default=10_000, description="how long a TCP connection may be without a message"
    )
    tcp_message: Duration = Field(
        default=5_000, description="how long a message may take from its first octet to its last"
    )
    transfer_to: Networks = Field(
        default=(), description="who may transfer zones (AXFR) without a key; none: nobody"
    )
    transfer_keys: Path | None = Field(
        default=None,
        description="file of TSIG keys, `name algorithm base64secret` a line; who signs with one "
        "may transfer zones, from any address",
    )
    transfer_vips: Literal["members", "omit"] = Field(
        default="members",
        description="VIPs in a transfer: every address as if all were healthy, or left out",
    )
    transfers_at_once: int = Field(
        default=10, ge=1, le=1000, description="zone transfers under way at once; others wait"
    )
    notify: Secondaries = Field(
        default=(),
        description="secondaries told of each change (NOTIFY): ADDR:PORT, or ADDR:PORT#KEY",
    )

    @property
    def transfers(self) -> bool:
        """Whether anybody may transfer zones."""
        return bool(self.transfer_to or self.transfer_keys)


class Settings(WireSettings):
    """Where a node reads, listens and keeps its state."""

    zones: Path = Field(default=Path("zones"), description="folder that fills an empty store")
    store: str = Field(
        default="", description="SQL store URL; default: gslb.db in the state folder"
    )
    dns: Annotated[tuple[Listen, ...], NoDecode, BeforeValidator(_split)] = Field(
        default=("127.0.0.1:5300",), min_length=1, description="DNS addresses, UDP and TCP"
    )
    http: Listen = Field(default="127.0.0.1:8053", description="admin API address")
    workers: int = Field(default=0, ge=0, le=256, description="UDP threads; 0: one a core")
    geoip: Files = Field(
        default=(),
        description="geography databases (MaxMind format), the first that knows something counts",
    )
    user: str = Field(
        default="", description="USER or USER:GROUP to become once the ports are bound"
    )
    node: str = Field(default_factory=socket.gethostname, min_length=1, description="node's name")
    state: Path = Field(default=Path("var"), description="folder for snapshot, verdicts, socket")
    first_verdicts: Duration = Field(
        default=5_000, description="longest wait for first verdicts before the first answer"
    )
    log: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="log level"
    )

    @property
    def store_url(self) -> str:
        """The store's URL, the default filled in."""
        return self.store or f"sqlite:///{self.state.absolute() / 'gslb.db'}"

    @property
    def secrets_file(self) -> Path:
        """The file of cookie secrets, the default filled in."""
        return self.cookie_secrets or self.state / "cookie-secrets"

    @property
    def threads(self) -> int:
        """How many UDP threads to start."""
        return self.workers or len(os.sched_getaffinity(0))

    @property
    def socket(self) -> Path:
        """The admin API's unix socket, for the CLI on this node."""
        return self.state / "gslb.sock"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (the library's signature)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put flags before variables before the file."""
        file = Path(os.environ.get("GSLB_CONFIG", CONFIG))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)


def read_settings(**flags: Any) -> Settings:
    """Read the settings; a flag that is None was not given. Invalid names every bad one."""
    given = {name: value for name, value in flags.items() if value not in (None, [], ())}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise Invalid(faults_from(error, ("settings",))) from error
