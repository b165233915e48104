"""``keystead impact``"""

import json
from typing import Annotated, Any

import typer

from keystead.api.impact import impact_told, read_change
from keystead.api.operations import routing_of
from keystead.cli.start import opened, opened_figures
from keystead.cli.usage import AsJson, AsLogin, OfAccount, OfKey, key_and_account, show_rows
from keystead.governance.impact import impact_of


def impact(
    key: OfKey,
    account: OfAccount = "default",
    state: Annotated[str | None, typer.Option(help="off or deleted.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="A scope that the key would have; give each.")] = None,
    require_scopes: Annotated[bool | None, typer.Option(help="Whether scopes would be enforced.")] = None,
    as_login: AsLogin = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a change of a key would break, by the calls of the last 90 days. Changes nothing."""
    change = read_change(state, scope or None, require_scopes)
    with opened() as database, opened_figures() as figures:
        table = routing_of(database).now.table
        with database.read() as tx:
            found, here = key_and_account(tx, key, account, as_login)
            told = impact_told(impact_of(tx, figures, found, here, change, table=table))
    print(json.dumps(told, ensure_ascii=False)) if as_json else _show(told)


def _show(told: dict[str, Any]) -> None:
    print(
        f"From {told['from']} to {told['to']}, {told['calls']} calls of {told['callers']} people passed that would not."
    )
    print(f"{told['people']} people have authorised the key, with {told['live_tokens']} live tokens.")
    print(f"Last used: {told['last_used_on'] or 'never'}. Courses: {told['courses']['count']}.", end=" ")
    print(f"Sub-accounts: {told['sub_accounts_affected']}.")
    show_rows(told["endpoints"])
    for other in told["same_vendor"]:
        print(f"Of the same vendor: {other['id']} {other['name'] or 'Unnamed Tool'} ({other['state']})")
