"""``keystead suspension``"""

import json
from typing import Annotated

import typer

from keystead.actions import suspensions as act
from keystead.cli.people import acting_as
from keystead.cli.start import opened
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read.suspensions import SuspensionRule, find_rule
from keystead.storage.transaction import Origin

app = typer.Typer(help="When a key is switched off by itself.", no_args_is_help=True)

OfAccount = Annotated[str, typer.Option("--account", help="The root account; the default one if none.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def show(account: OfAccount = "default", as_json: AsJson = False) -> None:
    """Say after how many refused calls a key is switched off."""
    with opened() as database, database.read() as tx:
        place = read_accounts.get_by_reference(tx, account, read_accounts.default_root(tx))
        _print(find_rule(tx, place.id), as_json=as_json)


@app.command("set")
def change(
    refused: Annotated[int, typer.Option(min=1, help="How many calls may be refused for want of a scope.")],
    minutes: Annotated[int, typer.Option(min=1, help="Within how many minutes.")],
    account: OfAccount = "default",
    as_login: Annotated[str | None, typer.Option("--as", help="The login of whoever acts; else the operator.")] = None,
    because: Annotated[str | None, typer.Option(help="Why; kept in the audit.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let keys be switched off that are refused so often."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        place = read_accounts.get_by_reference(tx, account, read_accounts.default_root(tx))
        made = act.set_rule(tx, place, refused, minutes, acting=acting_as(tx, as_login), because=because)
    _print(made, as_json=as_json)


@app.command()
def end(
    account: OfAccount = "default",
    as_login: Annotated[str | None, typer.Option("--as", help="The login of whoever acts; else the operator.")] = None,
    because: Annotated[str | None, typer.Option(help="Why; kept in the audit.")] = None,
) -> None:
    """Let no key be switched off by itself."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        place = read_accounts.get_by_reference(tx, account, read_accounts.default_root(tx))
        act.set_rule(tx, place, None, None, acting=acting_as(tx, as_login), because=because)
    print("no key is switched off by itself")


def _print(rule: SuspensionRule | None, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(None if rule is None else {"refused": rule.refused, "minutes": rule.minutes}))
    elif rule is None:
        print("no key is switched off by itself")
    else:
        print(f"a key is switched off after {rule.refused} refused calls within {rule.minutes} minutes")
