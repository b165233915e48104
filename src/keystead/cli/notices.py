"""``keystead notices``"""

import json
from contextlib import ExitStack
from typing import Annotated

import typer

from keystead.cli.start import opened
from keystead.config import read_settings, usage_url
from keystead.governance.delivering import in_words, notice_object
from keystead.governance.noticing import addressee, draw_notices
from keystead.storage.notices import Notices
from keystead.storage.read import accounts as read_accounts
from keystead.storage.transaction import engine_for
from keystead.storage.upgrades import make_usage_tables

app = typer.Typer(help="What has changed that concerns an account.", no_args_is_help=True)


@app.command("list")
def list_notices(
    account: Annotated[str, typer.Option("--account", help="The root account; the default one if none.")] = "default",
    most: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the notices of an account, newest first: of its own keys, and of those it inherits."""
    with opened() as database, ExitStack() as stack:
        engine = engine_for(usage_url(read_settings()))
        stack.callback(engine.dispose)
        make_usage_tables(engine)
        store = Notices(engine)
        draw_notices(database, store)
        with database.read() as tx:
            place = read_accounts.get_by_reference(tx, account, read_accounts.default_root(tx))
            found, _ = store.newest(addressee(tx, place), limit=most)
    if as_json:
        print(json.dumps([notice_object(one) for one in found]))
        return
    for one in found:
        print(in_words(one))
    if not found:
        print("nothing has happened yet")
