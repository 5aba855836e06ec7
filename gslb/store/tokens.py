"""Tokens: secrets for the admin API, of which the store keeps only hashes.

A plain SHA-256 is right here. A slow, salted hash defends a secret that a person chose and that
can be guessed; these are 256 random bits, which nobody guesses, however fast the hash. So a token
is found by one indexed look-up, and an unknown one costs an attacker's request no more than that.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, cast

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Row, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gslb.model import Fault, Invalid, Refused
from gslb.model.faults import faults_from
from gslb.model.values import Key
from gslb.store.moments import read_moment, write_moment
from gslb.store.tables import TOKENS

Role = Literal["viewer", "operator", "admin"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "operator", "admin")

_NAME: Final = TypeAdapter[str](Key)


@dataclass(frozen=True, slots=True)
class Token:
    """Who may call, without the secret."""

    name: str
    role: Role
    created_at: datetime


def hashed(secret: str) -> str:
    """Give what the store keeps of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def create(connection: AsyncConnection, name: str, role: str, at: datetime) -> str:
    """Make a token and give its secret, which is kept nowhere."""
    faults: list[Fault] = []
    try:
        _NAME.validate_python(name)
    except ValidationError as error:
        faults += faults_from(error, ("name",))
    if role not in ROLES:
        faults.append(Fault(("role",), f"{role!r} is no role; write {', '.join(ROLES)}"))
    if faults:
        raise Invalid(faults)
    secret = f"gslb_{secrets.token_urlsafe(32)}"
    row = {"name": name, "role": role, "hash": hashed(secret), "created_at": write_moment(at)}
    try:
        await connection.execute(insert(TOKENS), row)
    except IntegrityError as error:
        raise Refused(
            f"a token named {name} exists; take another name, or delete that one first"
        ) from error
    return secret


async def find(connection: AsyncConnection, secret: str) -> Token | None:
    """Give the token of a secret."""
    statement = select(TOKENS).where(TOKENS.c.hash == hashed(secret))
    row = (await connection.execute(statement)).one_or_none()
    return _token(row) if row else None


async def listed(connection: AsyncConnection) -> list[Token]:
    """Give all tokens, by name."""
    return [_token(row) for row in await connection.execute(select(TOKENS).order_by(TOKENS.c.name))]


async def drop(connection: AsyncConnection, name: str) -> bool:
    """Delete a token; False if there is none of that name."""
    return bool((await connection.execute(delete(TOKENS).where(TOKENS.c.name == name))).rowcount)


def _token(row: Row[tuple[str, ...]]) -> Token:
    return Token(row.name, cast("Role", row.role), read_moment(row.created_at))
