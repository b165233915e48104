"""``keystead throttle``"""

import json
from typing import Annotated

import typer

from keystead.actions import accounts as act_accounts
from keystead.actions import keys as act_keys
from keystead.api.operations import routing_of
from keystead.cli.people import acting_as
from keystead.cli.start import opened
from keystead.core.errors import Malformed
from keystead.core.ids import parse_id
from keystead.core.throttle import USUAL, Limits, read_limits, told
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Origin, Transaction

app = typer.Typer(help="How much keys and accounts may ask for.", no_args_is_help=True)

OfKey = Annotated[str | None, typer.Option("--key", help="The id of a key.")]
OfAccount = Annotated[str | None, typer.Option("--account", help="The id of a root account.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Number = Annotated[float | None, typer.Option(help="As usual if not given.")]


@app.command()
def show(key: OfKey = None, account: OfAccount = None, as_json: AsJson = False) -> None:
    """Show the limits of a key or an account, or those of whoever has none of their own."""
    if key is not None and account is not None:
        raise typer.BadParameter("give one of --key, --account, or neither")
    with opened() as database, database.read() as tx:
        own = None if key is None and account is None else _own(tx, key, account)
    _print(own, as_json=as_json)


@app.command("set")
def change(
    key: OfKey = None,
    account: OfAccount = None,
    refuses_at: Number = None,
    cap: Number = None,
    drains_per_second: Number = None,
    upfront: Number = None,
    usual: Annotated[bool, typer.Option("--usual", help="Take the limits of its own away.")] = False,
    as_login: Annotated[str | None, typer.Option("--as", help="The login of whoever acts; else the operator.")] = None,
    because: Annotated[str | None, typer.Option(help="Why; kept in the audit.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give a key or a root account limits of its own. They count from the next call on."""
    numbers = {"refuses_at": refuses_at, "cap": cap, "drains_per_second": drains_per_second, "upfront": upfront}
    given = {name: value for name, value in numbers.items() if value is not None}
    if (key is None) == (account is None):
        raise typer.BadParameter("give one of --key, --account")
    if bool(given) == usual:
        raise typer.BadParameter("give limits, or --usual")
    try:
        wanted = None if usual else read_limits(given)
    except ValueError as wrong:
        raise Malformed(str(wrong)) from None
    with opened() as database:
        catalogue = routing_of(database).now.catalogue
        with database.write(Origin(surface="cli")) as tx:
            acting = acting_as(tx, as_login)
            if key is not None:
                found = read_keys.get_key(tx, parse_id(key), for_change=True)
                own = act_keys.KeyChange(values={"throttle": wanted})
                act_keys.update(tx, found, own, catalogue=catalogue, acting=acting, because=because)
            else:
                held = read_accounts.get_account(tx, parse_id(str(account)))
                act_accounts.set_operator_values(tx, held, {"throttle": wanted}, acting=acting, because=because)
    _print(wanted, as_json=as_json)


def _own(tx: Transaction, key: str | None, account: str | None) -> Limits | None:
    if key is not None:
        return read_keys.get_key(tx, parse_id(key)).throttle
    return read_accounts.get_account(tx, parse_id(str(account))).throttle


def _print(own: Limits | None, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"throttle": told(own), "usual": told(USUAL)}))
        return
    print("limits of its own:" if own is not None else "no limits of its own; as usual:")
    for name, value in (told(own or USUAL) or {}).items():
        print(f"  {name}  {value:g}")
