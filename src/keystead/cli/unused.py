"""``keystead unused``"""

import json
from typing import Annotated, Any

import typer

from keystead.api.operations import routing_of
from keystead.cli.people import acting_as
from keystead.cli.start import opened, opened_figures
from keystead.cli.usage import AsJson, AsLogin, OfAccount, show_rows
from keystead.config import read_settings
from keystead.core.accounts import Account
from keystead.governance import batches as govern
from keystead.governance.unused import USUAL_DAYS, told_unused, unused_keys
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read.batches import list_batches
from keystead.storage.transaction import Origin, Transaction

app = typer.Typer(help="Inherited keys that nobody here has ever used: off together, and undone.", no_args_is_help=True)

Days = Annotated[int, typer.Option(help="Without a call in how many days a key counts as not used.")]
Because = Annotated[str | None, typer.Option(help="Why; kept in the audit.")]


@app.command("list")
def list_unused(
    account: OfAccount = "default", days: Days = USUAL_DAYS, as_login: AsLogin = None, as_json: AsJson = False
) -> None:
    """List the inherited keys that are on and that nobody here uses, and what was turned off together before."""
    with opened() as database, opened_figures() as figures, database.read() as tx:
        here = _account(tx, account)
        counted = read_settings().usage
        found = unused_keys(tx, figures, here, days=days, counted=counted, acting=acting_as(tx, as_login))
        told = told_unused(found) | {"batches": [govern.told_batch(one) for one in list_batches(tx, here)]}
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    if not told["counted"]:
        print("Calls are not counted on this installation: KEYSTEAD_USAGE is off.")
    shown = ("key_id", "name", "owner", "on_since", "on_by", "locked_by", "last_token_at")
    print(f"{len(told['never_used'])} inherited keys are on and were never used here.")
    show_rows([{name: one[name] for name in shown} for one in told["never_used"]])
    print(f"{len(told['authorised'])} are authorised, and were not used in {days} days.")
    show_rows([{name: one[name] for name in (*shown, "live_tokens", "last_used_on")} for one in told["authorised"]])
    for batch in told["batches"]:
        undone = f", undone {batch['undone_at']}" if batch["undone_at"] else ""
        print(f"batch {batch['id']}: {len(batch['turned_off'])} keys turned off {batch['at']}{undone}")


@app.command()
def off(
    keys: Annotated[list[str] | None, typer.Argument(help="Ids of keys that nobody here has ever used.")] = None,
    authorised: Annotated[
        list[str] | None, typer.Option(help="The id of a key that may go off although people have live tokens.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    account: OfAccount = "default",
    days: Days = USUAL_DAYS,
    as_login: AsLogin = None,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Turn keys off together; those that are used by now are skipped and named."""
    chosen = govern.read_chosen(tuple(keys or ()), tuple(authorised or ()))
    with opened() as database, opened_figures() as figures, database.write(Origin(surface="cli")) as tx:
        here, acting = _account(tx, account), acting_as(tx, as_login)
        if dry_run:
            batch, plan = None, govern.plan_off(tx, figures, here, chosen, days=days, acting=acting)
        else:
            batch, plan = govern.turn_off(tx, figures, here, chosen, days=days, acting=acting, because=because)
    done: list[tuple[int, str | None]] = [(one.key.id, one.key.name) for one in plan.off]
    if batch is not None:
        done = [(one.key_id, one.name) for one in batch.turned_off]
    told: dict[str, Any] = {
        "batch_id": None if batch is None else batch.id,
        "turned_off": [{"key_id": key_id, "name": name} for key_id, name in done],
        "skipped": [govern.told_left(one) for one in (plan.skipped if batch is None else batch.skipped)],
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"{len(told['turned_off'])} keys {'would be' if batch is None else 'are'} turned off", end="")
    print("." if batch is None else f" as batch {batch.id}; undo it with: keystead unused undo {batch.id}")
    _skipped(told["skipped"])


@app.command()
def undo(
    batch: Annotated[int, typer.Argument(help="The id of a batch.")],
    account: OfAccount = "default",
    as_login: AsLogin = None,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Give the keys of a batch the state back that they had; those that somebody has changed since are named."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        find, acting = routing_of(database).now.catalogue.find, acting_as(tx, as_login)
        done = govern.undo(tx, _account(tx, account), batch, find=find, acting=acting, because=because)
        told = govern.told_batch(done)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"{len(told['turned_off']) - len(told['left_off'])} keys are as they were before.")
    _skipped(told["left_off"])


def _skipped(left: list[Any]) -> None:
    for one in left:
        print(f"left alone: {one['key_id']} {one['name'] or ''} ({one['why']})")


def _account(tx: Transaction, reference: str) -> Account:
    return read_accounts.get_by_reference(tx, reference, read_accounts.default_root(tx))
