"""How a node comes to life: sockets that whoever started it has bound, and the user it becomes.

Sockets are handed over as systemd does it (sd_listen_fds(3)): LISTEN_FDS says how many there are,
from descriptor 3 on, and LISTEN_PID for which process. They are then the DNS sockets, whatever
`dns` says. Nothing is bound or chosen here.
"""

import grp
import os
import pwd
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from gslb.model import Fault, Invalid, Refused

FIRST = 3  # the first descriptor that is handed over

_UNIT = {socket.SOCK_DGRAM: ("UDP", "ListenDatagram"), socket.SOCK_STREAM: ("TCP", "ListenStream")}


def inherited() -> tuple[int, ...]:
    """Give the descriptors of sockets that were handed over to this process; none if none were.

    It can be asked once: what tells of them is taken out of the environment, so that no child
    takes them for its own. Refused if they are not what DNS is answered on.
    """
    count, process = (os.environ.pop(name, "") for name in ("LISTEN_FDS", "LISTEN_PID"))
    os.environ.pop("LISTEN_FDNAMES", None)
    if not count or process != str(os.getpid()):
        return ()
    if not count.isdecimal():
        raise Refused(f"LISTEN_FDS is {count!r}, which is no number of sockets")
    numbers = tuple(range(FIRST, FIRST + int(count)))
    bound: dict[str, set[str]] = {"UDP": set(), "TCP": set()}
    for number in numbers:
        protocol, address = _look_at(number)
        bound[protocol].add(address)
    for (protocol, directive), other in zip(_UNIT.values(), ("TCP", "UDP"), strict=True):
        for address in sorted(bound[other] - bound[protocol]):
            raise Refused(
                f"LISTEN_FDS has {other} {address}, but not {protocol}; DNS is answered over both: "
                f"add {directive}={address} to the socket unit"
            )
    return numbers


def _look_at(number: int) -> tuple[str, str]:
    """Give protocol and address of a socket that was handed over."""
    place = f"the descriptor {number} that LISTEN_FDS hands over"
    try:
        os.set_inheritable(number, False)  # noqa: FBT003  (it takes no keywords)
        found = socket.socket(fileno=number)
    except OSError as error:
        raise Refused(f"{place} is no open socket: {error.strerror}") from error
    try:
        if found.type not in _UNIT or found.family not in {socket.AF_INET, socket.AF_INET6}:
            raise Refused(
                f"{place} is neither of UDP nor of TCP; "
                "leave only ListenDatagram=ADDR:PORT and ListenStream=ADDR:PORT in the socket unit"
            )
        stream = found.type == socket.SOCK_STREAM
        if stream and not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise Refused(f"{place} is a connection; write Accept=no in the socket unit")
        host, port = found.getsockname()[:2]
    finally:
        found.detach()
    return _UNIT[socket.SocketKind(found.type)][0], (
        f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """A user to be, by its numbers; `groups` are all it is in."""

    name: str
    user: int
    group: int
    groups: tuple[int, ...]


def find_identity(text: str) -> Identity | None:
    """Look up `USER` or `USER:GROUP`, names or numbers; None for nothing. Invalid if unknown."""
    if not text:
        return None
    name, _, group = text.partition(":")
    try:
        entry = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except KeyError as error:
        raise _unknown(
            f"there is no user {name!r} here; make one: useradd --system {name}"
        ) from error
    if not group:
        groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
        return Identity(entry.pw_name, entry.pw_uid, entry.pw_gid, tuple(groups))
    try:
        number = int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise _unknown(f"there is no group {group!r} here; make one, or leave it out") from error
    return Identity(entry.pw_name, entry.pw_uid, number, (number,))


def _unknown(sentence: str) -> Invalid:
    return Invalid([Fault(("settings", "user"), sentence)])


def become(identity: Identity, state: Path) -> None:
    """Be this user from now on, for good, and have the state folder.

    A missing folder is made for the user. One that is there is not given away: whoever can write
    to it could have placed links there for root to follow. Refused where it cannot be done.
    """
    if os.geteuid() != identity.user or os.getegid() != identity.group:
        if os.geteuid() != 0:
            raise Refused(
                f"only root can become the user {identity.name}; "
                "start gslb as root, or as that user without --user"
            )
        if not state.exists():
            _make_for(identity, state)
        os.setgroups(identity.groups)
        os.setresgid(identity.group, identity.group, identity.group)
        os.setresuid(identity.user, identity.user, identity.user)
    for path, needed in _needs(state):
        if not os.access(path, needed):
            raise Refused(_denied(identity, path, state))


def _make_for(identity: Identity, state: Path) -> None:
    try:
        state.mkdir(parents=True, mode=0o700)
        os.chown(state, identity.user, identity.group, follow_symlinks=False)
    except OSError as error:
        raise Refused(f"cannot make the state folder {state}: {error.strerror}") from error


def _needs(state: Path) -> list[tuple[Path, int]]:
    """Give what the user must be able to use: what runs, and the state with what is kept there."""
    code = [(Path(path), os.R_OK) for path in (os.__file__, __file__, sys.executable)]
    kept = (state, state / "served", state / "lock", *state.glob("gslb.db*"))
    return code + [(path, os.R_OK | os.W_OK) for path in kept if os.access(path, os.F_OK)]


def _denied(identity: Identity, path: Path, state: Path) -> str:
    if not path.is_relative_to(state):
        return (
            f"the user {identity.name} cannot read {path}, which gslb runs from; "
            "install gslb and its Python where that user can read them"
        )
    return (
        f"the user {identity.name} cannot write to {path}; "
        f"run: chown -R {identity.name} {state}, or choose another folder with --state"
    )
