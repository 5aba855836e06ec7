"""The command line. Each command is thin: it finds its room and prints what that says."""

import asyncio
import contextlib
import json
import secrets
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop
from rich.console import Console

from gslb import __version__
from gslb.api import Parts
from gslb.cli import offline, tell
from gslb.cli.client import Door, NotRunning
from gslb.compiler import AnyGeography
from gslb.demo.run import command as demo_command
from gslb.demo.run import demo as run_demo
from gslb.geo import read_atlas
from gslb.model import Broken, GslbError, Invalid, Refused, World
from gslb.publisher import read_checked, read_noted
from gslb.service import run
from gslb.settings import Settings, read_settings
from gslb.telemetry import set_up_log
from gslb.zones import schema as zones_schema
from gslb.zones import write_folder

T = TypeVar("T")

EXIT = {Invalid: 1, Refused: 3, Broken: 4}
"""Exit codes by family; 2 is a command line that typer does not understand."""

app = typer.Typer(
    name="gslb",
    help="An authoritative DNS server that steers traffic between datacenters.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
demo_app = typer.Typer(help="The real server on the zones folder, with toy sites on loopback.")
token_app = typer.Typer(help="Tokens for the admin API.", no_args_is_help=True)
app.add_typer(demo_app, name="demo")
app.add_typer(token_app, name="token")

out = Console(soft_wrap=True, highlight=False, markup=False)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)

Zones = Annotated[Path | None, typer.Option(help="Folder that fills an empty store. [zones]")]
StoreUrl = Annotated[
    str | None, typer.Option("--store", help="SQL store URL. [sqlite under the state folder]")
]
Dns = Annotated[
    list[str] | None,
    typer.Option(help="DNS address, UDP and TCP; may be repeated. [127.0.0.1:5300]"),
]
Http = Annotated[str | None, typer.Option(help="Admin API address. [127.0.0.1:8053]")]
Workers = Annotated[int | None, typer.Option(help="UDP threads; 0: one a core. [0]")]
Geoip = Annotated[
    list[Path] | None,
    typer.Option(help="Geography database, MaxMind format; may be given again. [none]"),
]
User = Annotated[
    str | None, typer.Option(help="USER or USER:GROUP to become once the ports are bound. [none]")
]
Node = Annotated[str | None, typer.Option(help="This node's name. [the host's name]")]
State = Annotated[Path | None, typer.Option(help="Folder for snapshot, verdicts and socket. [var]")]
Url = Annotated[str | None, typer.Option(envvar="GSLB_URL", help="A node elsewhere: http://…")]
Token = Annotated[
    str | None, typer.Option(envvar="GSLB_TOKEN", help="Bearer token for --url.", show_envvar=True)
]


def _plain(text: str) -> None:
    """Print a line for programs: no wrapping, no colour, out at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _families() -> Iterator[None]:
    """Print the errors of our three families as sentences, and exit with their codes."""
    try:
        yield
    except Invalid as error:
        for fault in error.faults:
            err.print(str(fault))
        raise typer.Exit(EXIT[Invalid]) from error
    except GslbError as error:
        err.print(f"gslb: {error}", markup=False)
        code = next(code for family, code in EXIT.items() if isinstance(error, family))
        raise typer.Exit(code) from error


def _run(work: Coroutine[Any, Any, T]) -> T:
    with _families():
        try:
            return uvloop.run(work)
        except* GslbError as group:
            raise _first(group) from group
        except* KeyboardInterrupt:
            raise typer.Exit(130) from None
    raise AssertionError  # unreachable: every branch returns or raises


def _first(group: BaseExceptionGroup[Any]) -> GslbError:
    error: Any = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error  # type: ignore[no-any-return]


def _settings(**flags: Any) -> Settings:
    with _families():
        return read_settings(**flags)


def _version(wanted: bool) -> None:  # noqa: FBT001  (typer calls it so)
    if wanted:
        out.print(f"gslb {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def serve(
    *,
    zones: Zones = None,
    store: StoreUrl = None,
    dns: Dns = None,
    http: Http = None,
    workers: Workers = None,
    node: Node = None,
    state: State = None,
    user: User = None,
    geoip: Geoip = None,
) -> None:
    """Serve until SIGTERM; on ready one line with the addresses is printed."""
    places = {"zones": zones, "store": store, "dns": dns, "http": http, "state": state}
    settings = _settings(**places, workers=workers, node=node, user=user, geoip=geoip)
    set_up_log(settings.log)
    _run(run(settings, _ready))


def _ready(parts: Parts) -> None:
    _plain(
        f"gslb {parts.version} ready: node {parts.settings.node}, DNS {', '.join(parts.dns)}, "
        f"API http://{parts.http}, revision {parts.desk.revision}"
    )


@demo_app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    *,
    zones: Zones = None,
    dns: Dns = None,
    http: Http = None,
    state: State = None,
) -> None:
    """Run the demo, or tell a running one: gslb demo stop tokyo."""
    settings = _settings(zones=zones, dns=dns, http=http, state=state or Path("var/demo"))
    context.obj = settings
    if context.invoked_subcommand is None:
        set_up_log(settings.log)
        _run(run_demo(settings, _plain))


def _demo_verb(verb: str, words: str) -> None:
    @demo_app.command(name=verb, help=words)
    def tell_site(
        context: typer.Context,
        site: Annotated[str, typer.Argument(help="The site, a datacenter's name.")],
    ) -> None:
        out.print(_run(demo_command(context.obj.state, f"{verb} {site}")))


_demo_verb("stop", "Kill a site's process.")
_demo_verb("start", "Start a site, or make it well again.")
_demo_verb("hang", "Have a site accept connections and never answer.")
_demo_verb("break", "Have a site answer 500.")


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="A folder of *.zone and *.yaml files.")],
    *,
    geoip: Geoip = None,
) -> None:
    """Read zone files and print ALL faults as file:line: sentence; exit 1 if any.

    Notes tell what may not be what was meant. Without --geoip every place is taken to be known.
    """
    with _families():
        world, notes = read_noted(folder, read_atlas(geoip) if geoip else AnyGeography())
    for note in notes:
        out.print(f"note: {note}", markup=False)
    records = sum(len(zone.rrsets) for zone in world.zones.values())
    out.print(
        f"{folder}: no faults; {len(world.zones)} zone(s), {records} RRsets, "
        f"{len(world.vips)} VIP(s), {len(world.datacenters)} datacenter(s)"
    )


@app.command()
def apply(
    folder: Annotated[Path, typer.Argument(help="A folder of *.zone and *.yaml files.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    store: StoreUrl = None,
    state: State = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Make the store be what the files say: through the running node, else in the store itself."""
    settings = _settings(store=store, state=state)
    with _families():
        world = read_checked(folder, AnyGeography())  # the node judges what only it can
    asked = Door(settings.state, url, token).call(
        "PUT",
        "/api/v1/world",
        json=world.model_dump(mode="json"),
        params={"dry_run": "true"} if dry_run else {},
    )
    work = partial(offline.apply_world, settings.store_url, world, dry_run=dry_run)
    reply = _run(_node_or_store(settings, asked, work))
    for edit in reply["edits"]:
        out.print(f"{edit['does']} {edit['path']}")
    verb = "would change" if dry_run else "changed"
    out.print(f"{len(reply['edits'])} value(s) {verb}; revision {reply['revision']}")


async def _node_or_store(
    settings: Settings, asked: Awaitable[Any], offline: Callable[[], Awaitable[Any]]
) -> Any:
    """Give what the node answers or, where none runs, what is done in its store, and say so."""
    try:
        return await asked
    except NotRunning:
        err.print(
            f"no gslb is running on the state folder {settings.state.absolute()}: "
            f"working on the store {settings.store_url} itself"
        )
        return await offline()


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="A folder to write; made if missing.")],
    *,
    store: StoreUrl = None,
    state: State = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Write the store as files that `gslb apply` reads back without loss."""
    settings = _settings(store=store, state=state)
    asked = Door(settings.state, url, token).call("GET", "/api/v1/world")
    reply = _run(_node_or_store(settings, asked, partial(offline.read_world, settings.store_url)))
    with _families():
        write_folder(World.model_validate(reply["world"]), folder)
    out.print(f"{folder}: revision {reply['revision']} written")


@app.command()
def explain(
    name: Annotated[str, typer.Argument(help="The name asked for.")],
    rtype: Annotated[str, typer.Argument(metavar="[TYPE]", help="The type asked for.")] = "A",
    *,
    client: Annotated[str, typer.Option(help="ADDR, or ADDR/LEN as ECS would carry it.")],
    via: Annotated[str, typer.Option(help="The front end that tells it (PROXY protocol).")] = "",
    without: Annotated[
        list[str] | None,
        typer.Option(help="Imagine gone: a datacenter, VIP/DATACENTER, or VIP/DATACENTER/ADDRESS."),
    ] = None,
    at: Annotated[
        str, typer.Option(help="As it was at 14:03 or 2026-11-25T14:03:20Z, where that is known.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole trace.")] = False,
    state: State = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Say why a client gets its answer, by the trace of the real decision."""
    door = Door(_settings(state=state).state, url, token)
    query = [("name", name), ("type", rtype), ("client", client), ("via", via), ("at", at)]
    query += [("without", one) for one in without or ()]
    found = _run(door.call("GET", "/api/v1/explain", params=query))
    out.print(json.dumps(found, indent=2) if as_json else "\n".join(found["sentences"]))


@app.command()
def status(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything.")] = False,
    state: State = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Show the node, its alarms, and every member's verdict."""
    door = Door(_settings(state=state).state, url, token)
    found = _run(door.call("GET", "/api/v1/status"))
    if as_json:
        out.print_json(data=found)
    else:
        tell.status(out, found)


@app.command()
def schema() -> None:
    """Print the JSON Schema of zones/*.yaml, for editors."""
    _plain(json.dumps(zones_schema(), indent=2))


@token_app.command("create")
def token_create(
    role: Annotated[str, typer.Option(help="viewer, operator or admin.")],
    *,
    name: Annotated[
        str | None, typer.Option(help="What the token is for; stands in the audit. [made up]")
    ] = None,
    store: StoreUrl = None,
    state: State = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Make a token and print it, this once; the store keeps its hash."""
    settings = _settings(store=store, state=state)
    name = name or f"{role}-{secrets.token_hex(3)}"
    body = {"name": name, "role": role}
    asked = Door(settings.state, url, token).call("POST", "/api/v1/tokens", json=body)
    work = partial(offline.create_token, settings.store_url, name, role)
    _plain(_run(_node_or_store(settings, asked, work))["token"])


def run_app() -> None:
    """Run the command line."""
    with contextlib.suppress(BrokenPipeError, asyncio.CancelledError):
        app()
    sys.stdout.flush()
