"""``keystead admin``"""

import json
import sys
from typing import Annotated

import typer

from keystead.actions import admins as act_admins
from keystead.actions import users as act_users
from keystead.actions.user_values import NewPerson
from keystead.cli.people import OPERATOR
from keystead.cli.start import opened
from keystead.core.actors import ADMIN_ROLE
from keystead.core.credentials import Secret
from keystead.core.errors import NotFound
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Origin

app = typer.Typer(help="People who administer Site Admin.", no_args_is_help=True)


@app.callback()
def people() -> None:
    """People who administer Site Admin."""


@app.command()
def create(
    login: Annotated[str, typer.Argument(help="The login name.")],
    name: Annotated[str | None, typer.Option(help="The person's name.")] = None,
    because: Annotated[str | None, typer.Option(help="Why; kept in the audit.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a person with the administrator's role on Site Admin. Asks for the password, or reads it from a pipe."""
    with opened() as database:
        typed = sys.stdin.isatty()
        password = (
            typer.prompt("Password", hide_input=True, confirmation_prompt=True) if typed else sys.stdin.readline()
        )
        with database.write(Origin(surface="cli")) as tx:
            site = read_accounts.site_admin(tx)
            wanted = NewPerson(name=name or login, unique_id=login, password=Secret(password.rstrip("\r\n")))
            user = act_users.create(tx, site, wanted, acting=OPERATOR, because=because)
            role = read_users.find_role_by_label(tx, ADMIN_ROLE, site)
            if role is None:
                raise NotFound
            act_admins.appoint(tx, site, user, role, acting=OPERATOR, because=because)
    made = {"id": user.id, "name": user.name, "login": login}
    print(json.dumps(made) if as_json else f"{login} administers Site Admin (person {user.id})")
