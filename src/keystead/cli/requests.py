"""``keystead requests``"""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from keystead.actions.documents import MOST_OCTETS
from keystead.api.key_requests import told_request
from keystead.api.operations import routing_of
from keystead.cli.people import acting_as
from keystead.cli.start import opened
from keystead.core.accounts import Account
from keystead.core.errors import Malformed, Refused
from keystead.core.ids import parse_id
from keystead.core.key_requests import KeyRequest, RequestState
from keystead.gateway.outside import OutsideError, fetch
from keystead.governance import requests as govern
from keystead.governance import reviews
from keystead.governance.request_values import manifest_from_document
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read.pages import EVERYTHING
from keystead.storage.transaction import Origin, Transaction

app = typer.Typer(help="Who asks for keys, and who agrees.", no_args_is_help=True)

OfRequest = Annotated[int, typer.Argument(help="The id of a request.")]
OfAccount = Annotated[str, typer.Option("--account", help="The root account; the default one if none.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsLogin = Annotated[str | None, typer.Option("--as", help="The login of whoever acts; else the operator.")]
Because = Annotated[str | None, typer.Option(help="Why; kept in the audit, and shown to whoever asked.")]
Source = Annotated[str, typer.Argument(help="The manifest: a file, or an https URL at a public address.")]


@app.command("list")
def list_requests(
    account: OfAccount = "default",
    state: Annotated[str, typer.Option(help="open, approved, refused or withdrawn; all if none.")] = "",
    as_json: AsJson = False,
) -> None:
    """List requests, newest first."""
    if state and state not in set(RequestState):
        raise Malformed(f"the state must be one of {', '.join(RequestState)}")
    wanted = RequestState(state) if state else None
    with opened() as database, database.read() as tx:
        place = _account(tx, account)
        found = govern.list_requests(tx, place, EVERYTHING, state=wanted, acting=acting_as(tx, None)).items
    if as_json:
        print(json.dumps([told_request(one) for one in found]))
        return
    for one in found:
        print(f"{one.id}  {one.state}  {one.manifest.name}  {one.kind}  by {one.person or one.user_id}")
    print(f"{len(found)} requests")


@app.command()
def show(request: OfRequest, account: OfAccount = "default", as_json: AsJson = False) -> None:
    """Show a request with everything that happened to it."""
    with opened() as database, database.read() as tx:
        found = govern.get_request(tx, _account(tx, account), request, acting=acting_as(tx, None))
    _print(found, as_json=as_json)


@app.command()
def ask(
    source: Source,
    key: Annotated[str, typer.Option(help="The id of the key that is to change; a new one if none.")] = "",
    account: OfAccount = "default",
    as_login: AsLogin = None,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Ask for a key by a manifest."""
    manifest = manifest_from_document(_read(source))
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        made = govern.ask_for_key(
            tx, _account(tx, account), manifest, key_id=parse_id(key) or 0 if key else None,
            source=source[:500] if "://" in source else None, catalogue=routing_of(database).now.catalogue,
            acting=acting_as(tx, as_login), because=because,
        )  # fmt: skip
    _print(made, as_json=as_json)


@app.command()
def comment(
    request: OfRequest,
    words: Annotated[str, typer.Argument(help="What to say.")],
    account: OfAccount = "default",
    as_login: AsLogin = None,
    as_json: AsJson = False,
) -> None:
    """Say something about a request."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        said = govern.comment(tx, _account(tx, account), request, words, acting=acting_as(tx, as_login))
    _print(said, as_json=as_json)


@app.command()
def narrow(
    request: OfRequest,
    scopes: Annotated[list[str], typer.Argument(help="The scopes that may stand.")],
    account: OfAccount = "default",
    as_login: AsLogin = None,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Let only some of the scopes stand that are asked for."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        acting = acting_as(tx, as_login)
        narrowed = reviews.narrow(tx, _account(tx, account), request, scopes, acting=acting, because=because)
    _print(narrowed, as_json=as_json)


@app.command()
def approve(
    request: OfRequest,
    account: OfAccount = "default",
    as_login: AsLogin = None,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Agree to a request; the last yes that is needed makes the key, off."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        done = reviews.approve(
            tx, _account(tx, account), request, catalogue=routing_of(database).now.catalogue,
            acting=acting_as(tx, as_login), because=because,
        )  # fmt: skip
    _print(done, as_json=as_json)


@app.command()
def refuse(
    request: OfRequest,
    because: Annotated[str, typer.Option(help="Why; shown to whoever asked.")],
    account: OfAccount = "default",
    as_login: AsLogin = None,
    as_json: AsJson = False,
) -> None:
    """Turn a request down."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        acting = acting_as(tx, as_login)
        refused = reviews.refuse(tx, _account(tx, account), request, acting=acting, because=because)
    _print(refused, as_json=as_json)


def _read(source: str) -> bytes:
    if "://" not in source:
        with Path(source).open("rb") as file:
            return file.read(MOST_OCTETS + 1)
    try:
        return asyncio.run(fetch(source)).octets
    except OutsideError as failed:
        raise Refused(f"{source}: {failed}") from None


def _print(request: KeyRequest, *, as_json: bool) -> None:
    told: dict[str, Any] = told_request(request)
    if as_json:
        print(json.dumps(told))
        return
    print(f"{request.id}  {request.manifest.name}  {request.state}  by {request.person or request.user_id}")
    for one in request.manifest.scopes:
        mark = "-" if one.scope in request.taken_out else " "
        print(f"  {mark} {one.scope}  {one.reason}")
    for step in request.steps:
        print(f"  {step.kind} by {step.person or 'the system'}  {step.words or ''}".rstrip())


def _account(tx: Transaction, reference: str) -> Account:
    return read_accounts.get_by_reference(tx, reference, read_accounts.default_root(tx))
