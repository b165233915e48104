"""``keystead secret``"""

import json
from typing import Annotated, Any

import typer

from keystead.actions import secrets as act
from keystead.cli.people import acting_as
from keystead.cli.start import opened
from keystead.core.ids import parse_id
from keystead.core.instants import DAY, iso
from keystead.core.keys import Key
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Origin, Transaction

app = typer.Typer(help="The secrets by which clients prove themselves.", no_args_is_help=True)

OfKey = Annotated[str, typer.Argument(help="The id of a key.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsLogin = Annotated[str | None, typer.Option("--as", help="The login of whoever acts; else the operator.")]
Because = Annotated[str | None, typer.Option(help="Why; kept in the audit.")]


@app.command()
def show(key: OfKey, as_json: AsJson = False) -> None:
    """Say how old a key's secret is, and until when the former one works. The secret itself is not printed."""
    with opened() as database, database.read() as tx:
        _print(_told(tx, read_keys.get_key(tx, parse_id(key))), as_json=as_json)


@app.command()
def replace(
    key: OfKey,
    overlap_hours: Annotated[float, typer.Option(help="For how long the former secret works on.")] = 24.0,
    leaked: Annotated[bool, typer.Option("--leaked", help="End the former one and all tokens at once.")] = False,
    as_login: AsLogin = None,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret, and print it, once."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        acting = acting_as(tx, as_login)
        found = read_keys.get_key(tx, parse_id(key), for_change=True)
        if leaked:
            changed = act.rotate_secret(tx, found, acting=acting, because=because)
        else:
            changed = act.replace_secret(tx, found, overlap_hours=overlap_hours, acting=acting, because=because)
        told = _told(tx, changed) | {"api_key": changed.secret.reveal()}
    _print(told, as_json=as_json)


@app.command("end-former")
def end_former(key: OfKey, as_login: AsLogin = None, because: Because = None, as_json: AsJson = False) -> None:
    """Let the secret that was replaced work no more."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        found = read_keys.get_key(tx, parse_id(key), for_change=True)
        changed = act.end_former_secret(tx, found, acting=acting_as(tx, as_login), because=because)
        told = _told(tx, changed)
    _print(told, as_json=as_json)


def _told(tx: Transaction, key: Key) -> dict[str, Any]:
    made = key.secret_made_at or key.created_at
    works = key.former_secret_at(tx.now) is not None
    return {
        "key": key.id,
        "hint": f"{key.secret.hint}...",
        "made_at": iso(made),
        "age_days": max(0, tx.now - made) // DAY,
        "former_works_until": iso(key.former_secret_until) if works else None,
    }


def _print(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name.replace('_', ' ')}: {'none' if value is None else value}")
