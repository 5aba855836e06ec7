"""Tokens: shown once, kept as hashes, found by their secret."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from store_worlds import NOW

from gslb.model import Invalid, Refused
from gslb.store import Store, Token


async def test_a_token_is_found_by_its_secret_alone(store: Store) -> None:
    secret = await store.create_token("ci", "operator", NOW)
    other = await store.create_token("desk", "viewer", NOW)
    assert secret != other
    assert await store.find_token(secret) == Token("ci", "operator", NOW)
    assert await store.find_token(secret + "x") is None
    assert await store.find_token("ci") is None
    assert await store.find_token("") is None


async def test_the_secret_is_long_and_is_not_in_the_file(store: Store, path: Path) -> None:
    secret = await store.create_token("ci", "operator", NOW)
    assert len(secret.removeprefix("gslb_")) * 6 >= 256
    with closing(sqlite3.connect(path)) as connection:
        dump = "\n".join(connection.iterdump())
    assert "'ci'" in dump
    assert secret not in dump
    assert secret.removeprefix("gslb_") not in dump


async def test_tokens_are_listed_and_deleted(store: Store) -> None:
    secret = await store.create_token("desk", "viewer", NOW)
    await store.create_token("ci", "admin", NOW)
    assert [token.name for token in await store.tokens()] == ["ci", "desk"]
    assert await store.delete_token("desk")
    assert not await store.delete_token("desk")
    assert await store.find_token(secret) is None


async def test_a_name_is_taken_once(store: Store) -> None:
    secret = await store.create_token("ci", "operator", NOW)
    with pytest.raises(Refused, match="a token named ci exists"):
        await store.create_token("ci", "admin", NOW)
    assert await store.find_token(secret) == Token("ci", "operator", NOW)


async def test_a_bad_name_and_a_bad_role_are_told_together(store: Store) -> None:
    with pytest.raises(Invalid) as caught:
        await store.create_token("no good", "root", NOW)
    assert {fault.path for fault in caught.value.faults} == {("name",), ("role",)}


async def test_tokens_are_no_change_of_the_world(store: Store) -> None:
    await store.create_token("ci", "operator", NOW)
    look = await store.look()
    assert (look.revision, look.settled) == (0, True)
