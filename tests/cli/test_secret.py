"""``keystead secret``: it prints a new secret once, an old one never, and all of it is written down."""

import json
from typing import Any

from sqlalchemy import create_engine, select
from typer.testing import CliRunner

from databases import MASTER
from keystead.cli.main import app
from keystead.storage.schema import audit, keys
from keystead.storage.transaction import Database, Origin
from keystead.storage.vault import Vault, new_token
from keystead.storage.write.keys import insert_key


def run(*arguments: str) -> tuple[int, Any]:
    done = CliRunner().invoke(app, ["secret", *arguments, "--json"])
    return done.exit_code, json.loads(done.stdout) if done.exit_code == 0 else done.exception


def make_key(url: str) -> str:
    database = Database(url, vault=Vault([MASTER]), clock=lambda: 1_700_000_000_000_000)  # type: ignore[arg-type, return-value]
    values = {"account_id": None, "state": "active", "secret": new_token(), "redirect_uris": (), "scopes": ()}
    with database.write(Origin(surface="test")) as tx:
        made = insert_key(tx, values | {"authorized_flows": ()})
    database.close()
    return str(made)


def test_a_secret_is_replaced_ended_and_leaked(url: str) -> None:
    key = make_key(url)

    before = run("show", key)[1]
    replaced = run("replace", key, "--overlap-hours", "2", "--because", "yearly")[1]
    shown = run("show", key)[1]
    ended = run("end-former", key)[1]
    leaked = run("replace", key, "--leaked")[1]

    assert before["former_works_until"] is None
    assert len(replaced["api_key"]) == 64
    assert "api_key" not in shown
    assert shown["former_works_until"] is not None
    assert ended["former_works_until"] is None
    assert leaked["api_key"] != replaced["api_key"]
    with create_engine(url).connect() as connection:
        entries = connection.execute(select(audit).where(audit.c.subject == "key").order_by(audit.c.id)).all()
        stored = connection.execute(select(keys.c.secret)).scalars().all()
    assert [entry.action for entry in entries] == [
        "key.secret_replaced",
        "key.former_secret_ended",
        "key.secret_rotated",
    ]
    assert [entry.because for entry in entries] == ["yearly", None, None]
    assert not any(leaked["api_key"].encode() in one for one in stored)


def test_what_cannot_be_asked_of_a_secret(url: str) -> None:
    assert run("show", "999")[0] == 1
    assert run("replace", make_key(url), "--overlap-hours", "-1")[0] == 1
    assert run("replace", "1")[0] == 1
