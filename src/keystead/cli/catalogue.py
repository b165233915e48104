"""``keystead catalogue``"""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from keystead.actions import catalogues as act
from keystead.actions.documents import MOST_OCTETS, Unreadable, parsed
from keystead.cli.people import acting_as
from keystead.cli.start import opened
from keystead.core.apis import LoadedApi
from keystead.core.instants import iso
from keystead.core.openapi import OpenApiError
from keystead.gateway.outside import OutsideError, fetch
from keystead.storage.read import apis as read_apis
from keystead.storage.transaction import Origin

app = typer.Typer(help="Scopes of other APIs, from their OpenAPI descriptions.", no_args_is_help=True)

Source = Annotated[str, typer.Argument(help="The OpenAPI 3 document: a file, or an https URL at a public address.")]
Name = Annotated[str, typer.Option(help="What the API is called here.")]
Prefix = Annotated[str, typer.Option(help="Under which path it stands here, such as /library/v2.")]
Strips = Annotated[bool, typer.Option("--strip-prefix", help="Send paths upstream without the prefix.")]
AsLogin = Annotated[str | None, typer.Option("--as", help="The login of whoever acts; the operator if none.")]
Because = Annotated[str | None, typer.Option(help="Why; kept in the audit.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def show(as_json: AsJson = False) -> None:
    """List the APIs that are loaded."""
    with opened() as database, database.read() as tx:
        loaded = read_apis.list_loaded(tx)
    if as_json:
        print(json.dumps([_told(api) for api in loaded]))
    elif not loaded:
        print("No API is loaded besides the main one. Load one with: keystead catalogue load --help")
    for api in () if as_json else loaded:
        print(f"{api.name}  {api.prefix} -> {api.upstream}  {len(api.entries)} scopes, loaded {iso(api.loaded_at)}")


@app.command()
def diff(
    source: Source,
    name: Name,
    prefix: Prefix,
    upstream: Annotated[str, typer.Option(help="The origin that would serve it; the same as now if none.")] = "",
    strips: Strips = False,
    as_json: AsJson = False,
) -> None:
    """Show what loading a description would change, and for which keys. Changes nothing."""
    api, skipped = _described(source, name, prefix, upstream, strips=strips)
    with opened() as database, database.read() as tx:
        _print(act.plan(tx, api), skipped, as_json=as_json)


@app.command()
def load(
    source: Source,
    name: Name,
    prefix: Prefix,
    upstream: Annotated[str, typer.Option(help="The origin that serves it, such as https://library.example.edu.")],
    strips: Strips = False,
    as_login: AsLogin = None,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Load a description, or load it anew. Tokens keep the scopes they have and gain none."""
    api, skipped = _described(source, name, prefix, upstream, strips=strips)
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        planned = act.load(tx, api, acting=acting_as(tx, as_login), because=because)
    _print(planned, skipped, as_json=as_json)


@app.command()
def unload(
    name: Annotated[str, typer.Argument(help="The API's name.")],
    as_login: AsLogin = None,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Take an API away: its scopes cover no call any more."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        concerned = act.unload(tx, name, acting=acting_as(tx, as_login), because=because)
    if as_json:
        print(json.dumps({"name": name, "keys": [asdict(key) for key in concerned]}))
    else:
        print(f"{name} is unloaded.")
        _print_keys(concerned)


def _described(
    source: str, name: str, prefix: str, upstream: str, *, strips: bool
) -> tuple[LoadedApi, tuple[str, ...]]:  # fmt: skip
    if "://" in source:
        try:
            raw = asyncio.run(fetch(source)).octets
        except OutsideError as failed:
            raise Unreadable(f"{source}: {failed}") from None
    else:
        with Path(source).open("rb") as file:
            raw = file.read(MOST_OCTETS + 1)
    try:
        return act.described(
            name, prefix, upstream, parsed(raw), raw, source=source[:500], strips_prefix=strips
        )  # fmt: skip
    except OpenApiError as wrong:
        raise Unreadable(f"{source}: {wrong}") from None


def _print(planned: act.Plan, skipped: tuple[str, ...], *, as_json: bool) -> None:
    changes = planned.difference
    if as_json:
        print(json.dumps(_told(planned.api) | planned.told() | {"skipped": skipped}))
        return
    print(f"{planned.api.name} at {planned.api.prefix}: {len(planned.api.entries)} scopes")
    for mark, scopes in (("+", changes.added), ("-", changes.removed)):
        for scope in scopes:
            back = "  (comes back: keys hold it)" if scope in planned.returning else ""
            print(f"  {mark} {scope}{back}")
    for scope, change in changes.changed:
        print(f"  ~ {scope}: {change}")
    for move in planned.moved:
        print(f"  ~ all scopes: {move}")
    for operation in skipped:
        print(f"  (no scope for {operation})")
    if changes.is_empty and not planned.moved:
        print("  nothing changes")
    _print_keys(planned.concerned)


def _print_keys(concerned: Any) -> None:
    if concerned:
        print("Keys that hold scopes which go, change or come back:")
    for key in concerned:
        owner = key.account or "Site Admin"
        print(
            f"  {key.id} {key.name or 'Unnamed Tool'} ({owner}): {', '.join(key.scopes)}; {key.live_tokens} live tokens"
        )


def _told(api: LoadedApi) -> dict[str, Any]:
    return {
        "name": api.name, "prefix": api.prefix, "upstream": api.upstream or None, "digest": api.digest,
        "scopes": len(api.entries), "loaded_at": iso(api.loaded_at),
    }  # fmt: skip
