"""Settings of one node: flags, then GSLB_* variables, then gslb.toml, then the defaults here.

What is served is not here but in the store; these only say where this process stands.
"""

import os
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

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


Listen = Annotated[str, AfterValidator(parse_listen)]


class Settings(BaseSettings):
    """Where a node reads, listens and keeps its state."""

    model_config = SettingsConfigDict(env_prefix="GSLB_", extra="forbid", frozen=True)

    zones: Path = Field(default=Path("zones"), description="folder that fills an empty store")
    store: str = Field(
        default="", description="SQL store URL; default: gslb.db in the state folder"
    )
    dns: Annotated[tuple[Listen, ...], NoDecode, BeforeValidator(_split)] = Field(
        default=("127.0.0.1:5300",), min_length=1, description="DNS addresses, UDP and TCP"
    )
    http: Listen = Field(default="127.0.0.1:8053", description="admin API address")
    workers: int = Field(default=0, ge=0, le=256, description="UDP threads; 0: one a core")
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
