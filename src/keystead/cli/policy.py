"""``keystead policy``"""

import json
from typing import Annotated, Any

import typer

from keystead.api.key_policies import place_told
from keystead.cli.people import acting_as
from keystead.cli.start import opened, opened_figures
from keystead.core.actors import Actor
from keystead.core.errors import Malformed
from keystead.core.ids import parse_id
from keystead.core.key_policies import told_policy
from keystead.governance import key_policies as govern
from keystead.governance.key_policies import Place
from keystead.governance.policy_values import policy_values
from keystead.storage.read import accounts as read_accounts
from keystead.storage.transaction import Origin, Transaction

app = typer.Typer(help="Under which conditions keys may be used.", no_args_is_help=True)

OfKey = Annotated[str | None, typer.Option("--key", help="The id of a key; all keys of the account if none.")]
OfAccount = Annotated[str, typer.Option("--account", help="The root account, or site_admin; the default one if none.")]
AsLogin = Annotated[str | None, typer.Option("--as", help="The login of whoever acts; else the operator.")]
Because = Annotated[str | None, typer.Option(help="Why; kept in the audit.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def show(key: OfKey = None, account: OfAccount = "default", as_json: AsJson = False) -> None:
    """Say what is laid down about a key, or about all, and what is in force."""
    with opened() as database, database.read() as tx:
        told = place_told(tx, _place(tx, account, key, acting_as(tx, None)))
    _print(told, as_json=as_json)


@app.command("set")
def change(
    key: OfKey = None,
    ranges: Annotated[
        list[str] | None, typer.Option("--from-address", help="A network it may be used from; '' for anywhere.")
    ] = None,
    hours: Annotated[
        str | None, typer.Option(help="Such as 'Europe/Berlin mon,tue,wed 08:00-18:00'; '' for always.")
    ] = None,
    review_on: Annotated[str | None, typer.Option(help="The day of the next review; '' for none.")] = None,
    expires_at: Annotated[str | None, typer.Option(help="The moment it expires; '' for never.")] = None,
    owner: Annotated[
        str | None, typer.Option(help="The id of who answers for it, or 'asker'; '' to watch nobody.")
    ] = None,
    off_after_days: Annotated[
        int | None, typer.Option(help="With --owner: switch it off so long after they have left.")
    ] = None,
    account: OfAccount = "default",
    as_login: AsLogin = None,
    because: Because = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would have been refused.")] = False,
    as_json: AsJson = False,
) -> None:
    """Lay down the parts that are given; the others stay as they are."""
    given: dict[str, object] = {"review_on": review_on, "expires_at": expires_at}
    if ranges is not None:
        given["address_ranges"] = [text for text in ranges if text]
    if hours is not None:
        given["hours"] = _hours(hours)
    if owner is not None:
        given["owner"] = _owner(owner, off_after_days)
    elif off_after_days is not None:
        raise Malformed("--off-after-days goes with --owner")
    wanted = {name: value for name, value in given.items() if value is not None or name in ("hours", "owner")}
    values = policy_values(wanted)
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        acting = acting_as(tx, as_login)
        place = _place(tx, account, key, acting)
        held = govern.laid_down(tx, place)
        if held is not None:
            policy = held.policy
            values = {
                "ranges": policy.ranges, "hours": policy.hours, "review_on": policy.review_on,
                "expires_at": policy.expires_at, "owner": policy.owner,
            } | values  # fmt: skip
        if dry_run:
            _, proposed = govern.proposed(tx, place, values, acting=acting)
            with opened_figures() as figures:
                tried = govern.told_tried(govern.tried(tx, figures, place, proposed.ranges))
            told = {"policy": told_policy(proposed), "tried": tried}
        else:
            govern.set_policy(tx, place, values, acting=acting, because=because)
            told = place_told(tx, place)
    _print(told, as_json=as_json)


@app.command()
def clear(
    key: OfKey = None,
    account: OfAccount = "default",
    as_login: AsLogin = None,
    because: Because = None,
    as_json: AsJson = False,
) -> None:
    """Lay down nothing any more."""
    with opened() as database, database.write(Origin(surface="cli")) as tx:
        acting = acting_as(tx, as_login)
        place = _place(tx, account, key, acting)
        govern.set_policy(tx, place, {}, acting=acting, because=because)
        told = place_told(tx, place)
    _print(told, as_json=as_json)


def _place(tx: Transaction, account: str, key: str | None, acting: Actor) -> Place:
    root = read_accounts.get_by_reference(tx, account, read_accounts.default_root(tx))
    if key is None:
        return govern.whole_of(tx, root, acting=acting)
    return govern.place_of(tx, root, parse_id(key), acting=acting)


def _hours(text: str) -> dict[str, object] | None:
    if not text.strip():
        return None
    parts = text.split()
    if len(parts) != 3 or "-" not in parts[2]:
        raise Malformed("--hours must be such as 'Europe/Berlin mon,tue,wed 08:00-18:00'")
    opens, _, closes = parts[2].partition("-")
    return {"zone": parts[0], "days": parts[1].split(","), "from": opens, "to": closes}


def _owner(text: str, off_after_days: int | None) -> dict[str, object] | None:
    if not text.strip():
        return None
    return {"user_id": None if text == "asker" else text, "off_after_days": off_after_days}


def _print(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told))
        return
    tried = told.get("tried")
    if tried is not None:
        print(f"{tried['would_be_refused']} of {tried['calls']} calls in 30 days would have been refused")
        print(f"{tried['cannot_tell']} more came from networks that are allowed in part")
        return
    for one in told["in_force"]:
        about = "all keys" if one["of_all_keys"] else "this key"
        print(f"{one['account']}, about {about}:")
        for name in ("address_ranges", "hours", "expires_at", "review_on", "owner"):
            if one.get(name):
                print(f"  {name.replace('_', ' ')}: {_words(one[name])}")
    if not told["in_force"]:
        print("nothing is laid down")
    for concern in told.get("situation", {}).get("concerns", ()):
        print(f"! {concern.replace('_', ' ')}")


def _words(value: Any) -> str:
    match value:
        case list():
            return ", ".join(value)
        case {"zone": zone, "days": days, "from": opens, "to": closes}:
            return f"{', '.join(days)} {opens}-{closes} {zone}"
        case {"user_id": user_id, "off_after_days": days}:
            who = "whoever asked for it" if user_id is None else f"person {user_id}"
            return who if days is None else f"{who}; switched off {days} days after they have left"
        case _:
            return str(value)
