"""``keystead admin create``: who is made, and that it is written down without the password."""

import json

from sqlalchemy import create_engine, select
from typer.testing import CliRunner

from keystead.cli.main import app
from keystead.storage.schema import audit, logins


def test_an_administrator_is_made_once_and_the_password_stands_nowhere(url: str) -> None:
    asked = ["admin", "create", "ada", "--name", "Ada", "--because", "she is new", "--json"]

    made = CliRunner().invoke(app, asked, input="a long enough password\n")
    again = CliRunner().invoke(app, asked, input="a long enough password\n")

    assert made.exit_code == 0, made.output
    person = json.loads(made.stdout)
    assert (person["name"], person["login"]) == ("Ada", "ada")
    assert again.exit_code == 1
    with create_engine(url).connect() as connection:
        found = connection.execute(select(logins).where(logins.c.unique_id == "ada")).all()
        entries = connection.execute(select(audit).where(audit.c.because == "she is new")).all()
    assert [row.user_id for row in found] == [person["id"]]
    assert {row.action for row in entries} >= {"user.created", "admin.appointed"}
    assert "long enough" not in repr(entries) + made.output
