"""``keystead watch``"""

import json
from contextlib import ExitStack
from typing import Annotated

import typer

from keystead.actions import watches as act
from keystead.api.operations import routing_of
from keystead.api.watch import report_told
from keystead.cli.people import acting_as
from keystead.cli.start import opened, opened_figures
from keystead.config import read_settings, usage_url
from keystead.core.errors import NotFound
from keystead.core.ids import parse_id
from keystead.governance.watching import watch_report
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read.watches import find_watch
from keystead.storage.transaction import Origin, engine_for
from keystead.storage.watch_examples import WatchExamples

app = typer.Typer(help="Watch a key before its scopes are enforced.", no_args_is_help=True)

OfKey = Annotated[str, typer.Argument(help="The id of a key.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsLogin = Annotated[str | None, typer.Option("--as", help="The login of whoever acts; else the operator.")]
Because = Annotated[str | None, typer.Option(help="Why; kept in the audit.")]


@app.command()
def show(
    key: OfKey,
    account: Annotated[str, typer.Option(help="Whose numbers: a root account, or site_admin for all.")] = "site_admin",
    as_json: AsJson = False,
) -> None:
    """Say what would have been refused since the watch began."""
    with opened() as database, opened_figures() as figures, ExitStack() as stack, database.read() as tx:
        engine = engine_for(usage_url(read_settings()))
        stack.callback(engine.dispose)
        found = read_keys.get_key(tx, parse_id(key))
        watch = find_watch(tx, found.id)
        if watch is None:
            raise NotFound("this key is not watched")
        place = read_accounts.get_by_reference(tx, account, read_accounts.default_root(tx))
        table = routing_of(database).now.table
        told = report_told(
            watch_report(figures, WatchExamples(engine), found, place, watch, table=table, now=tx.now)
        )  # fmt: skip
    if as_json:
        print(json.dumps(told))
        return
    state = f"enforced since {told['enforced_at']}" if told["enforced_at"] else f"watched since {told['since']}"
    print(f"{state}: {told['would_be_refused']} of {told['calls']} calls would be refused")
    for one in told["findings"]:
        print(f"  {one['calls']:>8}  {one['scope']}  {one['people']} people  such as {one['example'] or '?'}")


@app.command()
def start(
    key: OfKey,
    scope: Annotated[list[str], typer.Option(help="A proposed scope; several times.")],
    as_login: AsLogin = None,
    because: Because = None,
) -> None:
    """Hold a key's calls against proposed scopes; all of them pass as before."""
    with opened() as database:
        catalogue = routing_of(database).now.catalogue
        with database.write(Origin(surface="cli")) as tx:
            found = read_keys.get_key(tx, parse_id(key), for_change=True)
            made = act.watch(
                tx, found, scope, catalogue=catalogue, acting=acting_as(tx, as_login), because=because
            )  # fmt: skip
    print(f"watched against {len(made.scopes)} scopes")


@app.command()
def stop(key: OfKey, as_login: AsLogin = None, because: Because = None) -> None:
    """Watch a key no more."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        found = read_keys.get_key(tx, parse_id(key), for_change=True)
        act.stop_watching(tx, found, acting=acting_as(tx, as_login), because=because)
    print("not watched any more")


@app.command()
def enforce(key: OfKey, as_login: AsLogin = None, because: Because = None) -> None:
    """Enforce what was proposed, from now on."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        found = read_keys.get_key(tx, parse_id(key), for_change=True)
        narrowed = act.enforce(tx, found, acting=acting_as(tx, as_login), because=because)
    print(f"enforced; {narrowed} tokens go on with these scopes")


@app.command()
def relax(key: OfKey, as_login: AsLogin = None, because: Because = None) -> None:
    """Go back from enforcing to watching."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        found = read_keys.get_key(tx, parse_id(key), for_change=True)
        act.relax(tx, found, acting=acting_as(tx, as_login), because=because)
    print("watched again; nothing is refused for want of a scope")
