"""``keystead tokens``"""

import json
from dataclasses import replace
from typing import Annotated

import typer

from keystead.actions import grants as act
from keystead.cli.people import acting_as
from keystead.cli.start import opened
from keystead.core.accounts import Account
from keystead.core.ids import parse_id
from keystead.core.instants import iso
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read.grants import list_grants
from keystead.storage.read.pages import EVERYTHING
from keystead.storage.transaction import Origin, Transaction

app = typer.Typer(help="Who has authorized a key, and how to end that.", no_args_is_help=True)

OfKey = Annotated[str, typer.Argument(help="The id of a key.")]
OfAccount = Annotated[str, typer.Option("--account", help="The root account that asks; the default one if none.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsLogin = Annotated[str | None, typer.Option("--as", help="The login of whoever acts; else the operator.")]


@app.command("list")
def list_tokens(
    key: OfKey, account: OfAccount = "default", as_login: AsLogin = None, as_json: AsJson = False
) -> None:  # fmt: skip
    """List the tokens of a key with the people they act for, newest first."""
    with opened() as database, database.read() as tx:
        found, meant = act.key_with_grants(tx, _account(tx, account), key, acting=acting_as(tx, as_login))
        grants = list_grants(tx, found.id, EVERYTHING, meant).items
    rows = [
        {
            "id": grant.token.id,
            "user_id": grant.token.user_id,
            "person": grant.person,
            "state": grant.token.state.value,
            "scopes": list(grant.token.scopes),
            "created_at": iso(grant.token.created_at),
            "expires_at": iso(grant.token.expires_at),
        }
        for grant in grants
    ]
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['id']}  {row['person']} ({row['user_id']})  {row['state']}  since {row['created_at']}")
    print(f"{len(rows)} tokens")


@app.command()
def revoke(
    key: OfKey,
    token: Annotated[str | None, typer.Option(help="The id of one token.")] = None,
    user: Annotated[str | None, typer.Option(help="The id of a person: all of theirs.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="The tokens of everybody.")] = False,
    account: OfAccount = "default",
    as_login: AsLogin = None,
    because: Annotated[str | None, typer.Option(help="Why; kept in the audit.")] = None,
    as_json: AsJson = False,
) -> None:
    """End one token of a key, one person's, or all."""
    if sum((token is not None, user is not None, everybody)) != 1:
        raise typer.BadParameter("give one of --token, --user, --all")
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        acting, place = acting_as(tx, as_login), _account(tx, account)
        found, meant = act.key_with_grants(tx, place, key, acting=acting)
        meant = replace(
            meant,
            token_id=None if token is None else parse_id(token) or 0,
            user_id=None if user is None else parse_id(user) or 0,
        )
        ended = act.end_grants(tx, found, place, meant, acting=acting, because=because)
    print(json.dumps({"tokens_ended": ended}) if as_json else f"{ended} tokens ended")


def _account(tx: Transaction, reference: str) -> Account:
    return read_accounts.get_by_reference(tx, reference, read_accounts.default_root(tx))
