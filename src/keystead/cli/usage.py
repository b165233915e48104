"""``keystead usage`` and ``keystead least-privilege``"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from keystead.api.operations import routing_of
from keystead.api.usage import FORMATS, privilege_told, read_grouping, usage_told
from keystead.cli.people import acting_as
from keystead.cli.start import opened, opened_figures
from keystead.core.accounts import Account
from keystead.core.ids import parse_id
from keystead.core.keys import Key
from keystead.governance import privileges
from keystead.governance import usage as of_usage
from keystead.governance.periods import PRIVILEGE_DAYS, USUAL_DAYS, read_period
from keystead.governance.sight import key_seen_from
from keystead.governance.tables import as_csv, as_json_lines
from keystead.storage.read import accounts as read_accounts
from keystead.storage.transaction import Transaction

OfKey = Annotated[str, typer.Argument(help="The id of the key.")]
OfAccount = Annotated[
    str, typer.Option(help="Whose numbers: the id of a root account, or site_admin for all of them.")
]  # fmt: skip
First = Annotated[str, typer.Option("--from", help="The first day, such as 2026-05-01.")]
Last = Annotated[str, typer.Option("--to", help="The last day; today if none.")]
AsLogin = Annotated[str | None, typer.Option("--as", help="The login of whoever asks; the operator if none.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def usage(
    key: OfKey,
    account: OfAccount = "default",
    first: First = "",
    last: Last = "",
    group_by: Annotated[str, typer.Option(help=f"One of {', '.join(of_usage.Grouping)}.")] = "day",
    layout: Annotated[str, typer.Option("--format", help="table, csv or jsonl: how the rows are printed.")] = "table",
    as_login: AsLogin = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a key was used for."""
    if layout not in ("table", *FORMATS[1:]):
        raise typer.BadParameter("--format is one of table, csv, jsonl")
    with opened() as database, opened_figures() as figures, database.read() as tx:
        found, here = key_and_account(tx, key, account, as_login)
        period = read_period(first, last, tx.now, days=USUAL_DAYS)
        told = usage_told(of_usage.usage_of(figures, found, here, period, read_grouping(group_by)))
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    elif layout == "csv":
        print(as_csv(told["rows"]), end="")
    elif layout == "jsonl":
        print(as_json_lines(told["rows"]), end="")
    else:
        print(f"{told['calls']} calls from {told['from']} to {told['to']}, {told['refused']} of them refused;", end=" ")
        print(f"{told['people']} people")
        show_rows(told["rows"])


def least_privilege(
    key: OfKey,
    account: OfAccount = "default",
    first: First = "",
    last: Last = "",
    as_login: AsLogin = None,
    as_json: AsJson = False,
) -> None:
    """Tell which granted scopes were used, and the narrowest list that lets pass what passed."""
    with opened() as database, opened_figures() as figures:
        table = routing_of(database).now.table
        with database.read() as tx:
            found, here = key_and_account(tx, key, account, as_login)
            period = read_period(first, last, tx.now, days=PRIVILEGE_DAYS)
            told = privilege_told(privileges.least_privilege(figures, found, here, period, table=table, now=tx.now))
    if as_json:
        print(json.dumps(told))
        return
    shown = ("scope", "granted", "calls", "last_used_on", "rare_write")
    show_rows([{name: need[name] for name in shown} for need in told["scopes"]])
    print(f"{len(told['unused'])} granted scopes were not used. The narrowest list:")
    for scope in told["narrowed"]:
        print(f"  {scope}")


def key_and_account(tx: Transaction, key: str, account: str, as_login: str | None) -> tuple[Key, Account]:
    """Return a key and the account whose numbers are wanted. Raises NotFound and Forbidden."""
    here = read_accounts.get_by_reference(tx, account, read_accounts.default_root(tx))
    acting = acting_as(tx, as_login)
    return key_seen_from(tx, here, parse_id(key), acting=acting), here


def show_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows of the same names as a table."""
    if not rows:
        return
    table = Table()
    for name, value in rows[0].items():
        table.add_column(name, justify="right" if isinstance(value, int) else "left", overflow="fold")
    for row in rows:
        table.add_row(
            *(("yes" if value else "") if isinstance(value, bool) else _text(value) for value in row.values())
        )
    Console().print(table)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
