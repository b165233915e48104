"""``keystead key``"""

import json
from typing import Annotated

import typer

from keystead.actions import key_notes as act
from keystead.api.dossier import dossier_told
from keystead.api.operations import routing_of
from keystead.cli.people import acting_as
from keystead.cli.start import opened
from keystead.core.ids import parse_id
from keystead.governance.dossier import dossier_of
from keystead.governance.sight import key_seen_from
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read.pages import EVERYTHING
from keystead.storage.transaction import Origin

app = typer.Typer(help="What is known of keys.", no_args_is_help=True)

OfKey = Annotated[str, typer.Argument(help="The id of a key.")]
OfAccount = Annotated[str, typer.Option("--account", help="The root account that asks; the default one if none.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsLogin = Annotated[str | None, typer.Option("--as", help="The login of whoever acts; else the operator.")]


@app.command("list")
def list_keys(
    account: OfAccount = "default",
    inherited: Annotated[bool, typer.Option("--inherited", help="Those that the account inherits.")] = False,
    as_json: AsJson = False,
) -> None:
    """List an account's own keys, or those it inherits, newest first."""
    with opened() as database:
        catalogue = routing_of(database).now.catalogue
        with database.read() as tx:
            place = read_accounts.get_by_reference(tx, account, read_accounts.default_root(tx))
            parent = read_accounts.find_account(tx, place.consortium_parent_id)
            found = (
                read_keys.list_inherited(tx, place, EVERYTHING, parent=parent)
                if inherited
                else read_keys.list_own(tx, place, EVERYTHING)
            )
            rows = [dossier_told(dossier_of(tx, key, place, catalogue=catalogue)) for key in found.items]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        does = (
            f"{row['reads']} see, {row['changes']} change, {row['deletes']} delete" if row["require_scopes"] else "all"
        )
        print(f"{row['id']}  {row['workflow_state']:<5}  {row['name'] or 'Unnamed Tool'}  of {row['owner']}  ({does})")
    print(f"{len(rows)} keys")


@app.command()
def show(key: OfKey, account: OfAccount = "default", as_login: AsLogin = None, as_json: AsJson = False) -> None:
    """Say whose a key is, what it may do, who decided about it, and what is noted."""
    with opened() as database:
        catalogue = routing_of(database).now.catalogue
        with database.read() as tx:
            place = read_accounts.get_by_reference(tx, account, read_accounts.default_root(tx))
            found = key_seen_from(tx, place, parse_id(key), acting=acting_as(tx, as_login))
            told = dossier_told(dossier_of(tx, found, place, catalogue=catalogue))
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for name, value in told.items():
        print(f"{name.replace('_', ' ')}: {value if not isinstance(value, list) else len(value)}")
    for one in told["decisions"]:
        print(f"  {one['account']}: {one['workflow_state']} since {one['at']}{' (governs)' if one['governs'] else ''}")


@app.command()
def note(
    key: OfKey,
    words: Annotated[str, typer.Argument(help="What to note; empty takes the note away.")],
    account: OfAccount = "default",
    as_login: AsLogin = None,
    because: Annotated[str | None, typer.Option(help="Why; kept in the audit.")] = None,
) -> None:
    """Note something about a key, an inherited one too."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        acting = acting_as(tx, as_login)
        place = read_accounts.get_by_reference(tx, account, read_accounts.default_root(tx))
        found = key_seen_from(tx, place, parse_id(key), acting=acting)
        act.set_note(tx, place, found, words, acting=acting, because=because)
    print("noted" if words.strip() else "the note is gone")
