"""``keystead role``"""

import json
from typing import Annotated, Any

import typer

from keystead.actions import admins as act_admins
from keystead.actions import roles as act
from keystead.cli.people import acting_as
from keystead.cli.start import opened
from keystead.core.accounts import Account
from keystead.core.actors import Role, User, with_implied
from keystead.core.errors import NotFound
from keystead.core.ids import parse_id
from keystead.core.roles import AUDITOR, RIGHT_WORDS
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.read.pages import EVERYTHING
from keystead.storage.transaction import Origin, Transaction

app = typer.Typer(help="What people may do in an account.", no_args_is_help=True)

OfAccount = Annotated[str, typer.Option("--account", help="The account; the default root account if none.")]
OfRole = Annotated[str, typer.Argument(help="The id of a role, or its label.")]
OfPerson = Annotated[str, typer.Argument(help="The login of a person in the account's institution.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsLogin = Annotated[str | None, typer.Option("--as", help="The login of whoever acts; else the operator.")]
Because = Annotated[str | None, typer.Option(help="Why; kept in the audit.")]


@app.command("list")
def list_roles(account: OfAccount = "default", as_json: AsJson = False) -> None:
    """List the roles to be had in an account: the built-in one, its own and those from above."""
    with opened() as database, database.read() as tx:
        found = read_users.list_roles_of_states(
            tx, _account(tx, account), EVERYTHING, inherited=True, states=(True, False)
        ).items  # fmt: skip
        rows = [_told(role) for role in found]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print(f"{row['id']}  {row['state']:<8}  {row['label']}  ({len(row['rights'])} rights)")


@app.command()
def show(role: OfRole, account: OfAccount = "default", as_json: AsJson = False) -> None:
    """Say which rights a role has, and who has it in exactly this account."""
    with opened() as database, database.read() as tx:
        place = _account(tx, account)
        found = _role(tx, place, role)
        seats = [seat for seat in read_users.list_seats(tx, place, EVERYTHING).items if seat.role.id == found.id]
        people = read_users.users_by_id(tx, [seat.user_id for seat in seats])
    names = [people[seat.user_id].name for seat in seats if seat.user_id in people]
    if as_json:
        print(json.dumps(_told(found) | {"people": names}, ensure_ascii=False))
        return
    print(f"{found.label} (role {found.id})")
    for right, words in RIGHT_WORDS.items():
        if right in with_implied(found.rights):
            print(f"  {right}{'' if right in found.rights else ' (implied)'}: {words}")
    print(f"people here: {', '.join(names) or 'none'}")


@app.command()
def auditor(
    account: OfAccount = "default",
    label: Annotated[str | None, typer.Option(help="What the role is called; Auditor if none.")] = None,
    as_login: AsLogin = None,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Make a role that sees, reads the audit and exports, and changes nothing."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        acting = acting_as(tx, as_login)
        made = act.create_from(tx, _account(tx, account), AUDITOR, label=label, acting=acting, because=because)
    print(json.dumps(_told(made), ensure_ascii=False) if as_json else f"made: {made.label} (role {made.id})")


@app.command()
def give(
    role: OfRole, login: OfPerson, account: OfAccount = "default", as_login: AsLogin = None, because: Because = None
) -> None:
    """Give a person a role in an account."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        place = _account(tx, account)
        found, person = _role(tx, place, role), _person(tx, place, login)
        act_admins.appoint(tx, place, person, found, acting=acting_as(tx, as_login), because=because)
    print(f"{login} has the role {found.label}")


@app.command()
def take(
    role: OfRole, login: OfPerson, account: OfAccount = "default", as_login: AsLogin = None, because: Because = None
) -> None:
    """Take a role in an account from a person."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        place = _account(tx, account)
        found, person = _role(tx, place, role), _person(tx, place, login)
        act_admins.dismiss(tx, place, person, found, acting=acting_as(tx, as_login), because=because)
    print(f"{login} has the role {found.label} no more")


def _account(tx: Transaction, reference: str) -> Account:
    return read_accounts.get_by_reference(tx, reference, read_accounts.default_root(tx))


def _role(tx: Transaction, account: Account, reference: str) -> Role:
    found = read_users.find_role(tx, parse_id(reference)) or read_users.find_role_by_label(tx, reference, account)
    if found is None or not act.is_usable(tx, found, account):
        raise NotFound(f"there is no role {reference} in this account")
    return found


def _person(tx: Transaction, account: Account, login: str) -> User:
    found = read_users.find_sign_in(tx, login, read_accounts.get_account(tx, account.root_id))
    if found is None:
        raise NotFound(f"nobody signs in as {login}")
    return found.user


def _told(role: Role) -> dict[str, Any]:
    state = "built_in" if role.is_built_in else "active" if role.is_active else "inactive"
    return {"id": role.id, "label": role.label, "state": state, "rights": sorted(role.rights)}
