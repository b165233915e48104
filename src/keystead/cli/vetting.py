"""``keystead vetting`` and ``keystead risk``"""

import base64
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from keystead.api.operations import routing_of
from keystead.api.vetting import told_gate, told_standing
from keystead.cli.people import acting_as
from keystead.cli.start import opened
from keystead.core.accounts import Account
from keystead.core.errors import Malformed
from keystead.core.risk import told_risk
from keystead.core.vetting import Item
from keystead.core.vetting_rules import read_rules, told_rules
from keystead.governance import rules as govern_rules
from keystead.governance import vetting as govern
from keystead.governance.situations import Concern, is_shown, list_standing
from keystead.governance.vetting_values import item_change, item_named
from keystead.storage.read import accounts as read_accounts
from keystead.storage.transaction import Origin, Transaction

app = typer.Typer(help="What is settled with the vendors of keys, and what is not.", no_args_is_help=True)

OfKey = Annotated[str, typer.Argument(help="The id of a key.")]
OfAccount = Annotated[str, typer.Option("--account", help="The root account that asks; the default one if none.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsLogin = Annotated[str | None, typer.Option("--as", help="The login of whoever acts; else the operator.")]
Because = Annotated[str | None, typer.Option(help="Why; kept in the audit.")]


def risk(key: OfKey, account: OfAccount = "default", as_json: AsJson = False) -> None:
    """Say how risky a key is by the account's table, and why."""
    with opened() as database, database.read() as tx:
        find = routing_of(database).now.catalogue.find
        gate = govern.gate_for(tx, _account(tx, account), key, find, acting=acting_as(tx, None))
    told: Any = told_risk(gate.risk)
    if as_json:
        print(json.dumps(told))
        return
    print(told["level"])
    for reason in told["reasons"]:
        shown = f": {', '.join(reason['shown_by'])}" if reason["shown_by"] else ""
        print(f"  {reason['level']:<9} {reason['trait'].replace('_', ' ')}{shown}")


@app.command()
def show(key: OfKey, account: OfAccount = "default", as_json: AsJson = False) -> None:
    """Show the record of a key, what is missing and what is overdue."""
    with opened() as database, database.read() as tx:
        find = routing_of(database).now.catalogue.find
        gate = govern.gate_for(tx, _account(tx, account), key, find, acting=acting_as(tx, None))
    _print(told_gate(gate, in_full=True), as_json=as_json)


@app.command("list")
def list_vettings(
    account: OfAccount = "default",
    shown: Annotated[str, typer.Option("--show", help=f"lacking, overdue, complete, {', '.join(Concern)}.")] = "",
    level: Annotated[str, typer.Option("--risk", help="Keys of this risk.")] = "",
    as_json: AsJson = False,
) -> None:
    """List every key that an account owns or inherits, with its risk and what is missing or overdue."""
    with opened() as database, database.read() as tx:
        find = routing_of(database).now.catalogue.find
        stands = list_standing(tx, _account(tx, account), find, acting=acting_as(tx, None))
    chosen = [one for one in stands if is_shown(*one, shown) and level in ("", one[0].risk.level)]
    rows = [told_standing(*one) for one in chosen]
    if as_json:
        print(json.dumps(rows))
        return
    for (gate, situation), row in zip(chosen, rows, strict=True):
        lacking = ", ".join(str(lack.item) for lack in gate.lacks) or "nothing"
        overdue = f"; overdue: {', '.join(str(lack.item) for lack in gate.overdue)}" if gate.overdue else ""
        concerns = "".join(f"; {concern.replace('_', ' ')}" for concern in situation.concerns)
        named = f"{gate.key.id}  {row['key_name'] or 'Unnamed Tool'}  {gate.risk.level}"
        print(f"{named}  missing: {lacking}{overdue}{concerns}")


@app.command("set")
def set_item(
    key: OfKey,
    item: Annotated[str, typer.Argument(help=f"One of {', '.join(Item)}.")],
    state: Annotated[str | None, typer.Option(help="missing, asked, in_place or not_needed.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="The first day.")] = None,
    until: Annotated[str | None, typer.Option(help="The last day; of what was asked, when to answer.")] = None,
    link: Annotated[str | None, typer.Option(help="Where the evidence is.")] = None,
    digest: Annotated[str | None, typer.Option(help="Its SHA-256 digest.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file to keep as evidence.")] = None,
    note: Annotated[str | None, typer.Option(help="A note.")] = None,
    account: OfAccount = "default",
    as_login: AsLogin = None,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Record what is known of an item; an empty value takes away what was there."""
    said = {
        "state": state, "valid_from": since, "valid_until": until, "link": link, "digest": digest, "note": note,
    }  # fmt: skip
    given = {name: value for name, value in said.items() if value is not None}
    content = None if file is None else base64.b64encode(file.read_bytes()).decode()
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        find, acting, place = routing_of(database).now.catalogue.find, acting_as(tx, as_login), _account(tx, account)
        found = govern.gate_for(tx, place, key, find, acting=acting).key
        which = item_named(item)
        if file is not None and content is not None:
            govern.add_evidence(
                tx, place, found, which, name=file.name, content_type="application/octet-stream", content=content,
                acting=acting, because=because,
            )  # fmt: skip
        if given:
            govern.set_item(tx, place, found, item_change(which, given), acting=acting, because=because)
        told = told_gate(govern.gate_for(tx, place, key, find, acting=acting), in_full=True)
    _print(told, as_json=as_json)


@app.command()
def rules(
    file: Annotated[Path | None, typer.Argument(help="Rules as JSON, as printed without it; the parts given.")] = None,
    account: OfAccount = "default",
    as_login: AsLogin = None,
    because: Because = None,
) -> None:
    """Print an account's rules as JSON: risk table, gates, questionnaires. With a file, change them first."""
    given = None
    if file is not None:
        try:
            given = json.loads(file.read_text())
        except ValueError:
            raise Malformed(f"{file} holds no JSON") from None
        if not isinstance(given, dict):
            raise Malformed(f"{file} must hold a JSON object")
        read_rules(given)
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        acting, place = acting_as(tx, as_login), _account(tx, account)
        if given is not None:
            govern_rules.set_rules(tx, place, given, acting=acting, because=because)
        told = told_rules(govern_rules.see_rules(tx, place, acting=acting))
    print(json.dumps(told, ensure_ascii=False, indent=2))


@app.command("except")
def make_exception(
    key: OfKey,
    days: Annotated[int, typer.Option(help="For how many days.")],
    because: Annotated[str, typer.Option(help="Why; kept in the audit.")],
    account: OfAccount = "default",
    as_login: AsLogin = None,
    as_json: AsJson = False,
) -> None:
    """Let a key be turned on for some days although something is lacking."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        acting, place = acting_as(tx, as_login), _account(tx, account)
        found = govern_rules.key_for_exception(tx, place, key, acting=acting)
        made = govern_rules.make_exception(tx, place, found, days=days, acting=acting, because=because)
        told = govern_rules.told_exception(made, tx.now)
    print(json.dumps(told) if as_json else f"exception {told['id']} until {told['expires_at']}")


def _print(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told))
        return
    print(f"{told['key_name'] or 'Unnamed Tool'}: {told['risk']['level']} risk")
    for one in told["items"]:
        needed = "needed" if one["item"] in told["needed"] else ""
        until = f"until {one['valid_until']}" if one["valid_until"] else ""
        print(f"  {one['item']:<16} {one['standing']:<9} {needed:<7} {until}".rstrip())
    if told["completed_at"]:
        print(f"complete since {told['completed_at']}")


def _account(tx: Transaction, reference: str) -> Account:
    return read_accounts.get_by_reference(tx, reference, read_accounts.default_root(tx))
