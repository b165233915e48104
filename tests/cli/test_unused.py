"""``keystead unused``: what it prints, and what it refuses."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from keystead.actions.bindings import set_state
from keystead.cli.main import app
from keystead.cli.people import OPERATOR
from keystead.config import Settings
from keystead.core.accounts import AccountKind
from keystead.core.bindings import BindingState
from keystead.core.credentials import Secret
from keystead.core.keys import KeyState
from keystead.storage.clock import system_clock
from keystead.storage.master_secret import open_vault
from keystead.storage.transaction import Database, Origin
from keystead.storage.write.accounts import insert_account
from keystead.storage.write.keys import insert_key


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.output


def printed(*arguments: str) -> Any:
    status, output = run(*arguments, "--json")
    assert status == 0, output
    return json.loads(output)


@pytest.fixture
def key(url: str) -> int:
    """A global key that the first root account has on."""
    database = Database(url, vault=open_vault(Settings(_env_file=None)), clock=system_clock)  # type: ignore[call-arg]  # pydantic's own parameter
    with database.write(Origin(surface="test")) as tx:
        root = insert_account(tx, name="Root", kind=AccountKind.ROOT, uuid="root", domain="root.test")
        made = insert_key(
            tx,
            {"account_id": None, "state": KeyState.ACTIVE, "secret": Secret("s"), "name": "Idle", "scopes": (),
             "redirect_uris": (), "authorized_flows": (), "visible": True},
        )  # fmt: skip
        from keystead.storage.read.accounts import get_account

        set_state(tx, get_account(tx, root), made, BindingState.ON, acting=OPERATOR, because=None)
    database.close()
    return made


def test_keys_are_listed_turned_off_and_turned_on_again(key: int) -> None:
    listed = printed("unused", "list")
    tried = printed("unused", "off", str(key), "--dry-run")
    done = printed("unused", "off", str(key), "--because", "tidying")
    after = printed("unused", "list")
    undone = printed("unused", "undo", str(done["batch_id"]))

    assert [one["key_id"] for one in listed["never_used"]] == [key]
    assert (tried["batch_id"], [one["key_id"] for one in tried["turned_off"]]) == (None, [key])
    assert after["never_used"] == []
    assert [one["because"] for one in after["batches"]] == ["tidying"]
    assert undone["left_off"] == []
    assert [one["key_id"] for one in printed("unused", "list")["never_used"]] == [key]


def test_it_is_said_in_words_too(key: int) -> None:
    assert "1 inherited keys are on and were never used here." in run("unused", "list")[1]
    assert "1 keys would be turned off" in run("unused", "off", str(key), "--dry-run")[1]
    assert "1 keys are turned off as batch 1" in run("unused", "off", str(key))[1]
    assert f"left alone: {key} Idle (not_on)" in run("unused", "off", str(key))[1]
    assert "1 keys are as they were before." in run("unused", "undo", "1")[1]


@pytest.mark.parametrize(
    "arguments", [("list", "--account", "site_admin"), ("off",), ("off", "x"), ("undo", "1"), ("list", "--days", "0")]
)
def test_what_cannot_be_asked(key: int, arguments: tuple[str, ...]) -> None:
    assert run("unused", *arguments)[0] == 1
