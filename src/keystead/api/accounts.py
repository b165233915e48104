"""Accounts on Canvas's wire: list, show, change, sub-accounts, root accounts (docs/canvas-compat.md, Accounts)."""

from collections.abc import Mapping, Sequence
from typing import Any

from keystead.actions import accounts as act
from keystead.api.institution_shapes import account_object, operator_account_object
from keystead.api.keys import because
from keystead.api.paging import paged_shapes, window_of
from keystead.api.requests import Answer, ApiRoute, Ask
from keystead.api.throttles import read_throttle
from keystead.core.accounts import Account, Policy
from keystead.core.errors import Forbidden, Invalid, Malformed
from keystead.core.ids import parse_id
from keystead.core.parameters import Tree, Value, boolean, envelope, mapping, text, text_list
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.read.pages import Listing


def list_accounts(ask: Ask) -> Answer:
    """List the accounts in which the person asking has a role; for Site Admin's people every root account too."""
    seats = read_users.seats_of(ask.tx, ask.acting.user_id)
    site = read_accounts.site_admin(ask.tx)
    ids = sorted({seat.account_id for seat in seats})
    found = read_accounts.list_administered(ask.tx, ids, window_of(ask), with_roots=site.id in ids)
    return _listed(ask, found)


def show_account(ask: Ask) -> Answer:
    """Show an account to its administrators, and a little of it to its people."""
    account = ask.account("id")
    act.require_known(ask.tx, ask.acting, account)
    return Answer(body=_shown(ask, account))


def update_account(ask: Ask) -> Answer:
    """Change an account's name or time zone."""
    account = ask.account("id")
    act.require_known(ask.tx, ask.acting, account)
    wanted = envelope(ask.parameters, "account")
    changed = act.update(
        ask.tx,
        account,
        name=text(wanted.get("name"), "account[name]"),
        default_time_zone=text(wanted.get("default_time_zone"), "account[default_time_zone]"),
        acting=ask.acting,
        because=because(ask),
    )
    return Answer(body=_shown(ask, changed))


def list_sub_accounts(ask: Ask) -> Answer:
    """List the accounts directly below, or all below with ``recursive``; below Site Admin stand the root accounts."""
    account = ask.account()
    if not act.administers(ask.tx, ask.acting, account):
        act.require_known(ask.tx, ask.acting, account)
        raise Forbidden
    recursive = bool(boolean(ask.query.get("recursive"), "recursive"))
    return _listed(ask, read_accounts.list_sub_accounts(ask.tx, account, window_of(ask), recursive=recursive))


def create_sub_account(ask: Ask) -> Answer:
    """Make an account directly below another."""
    parent = ask.account()
    act.require_known(ask.tx, ask.acting, parent)
    wanted = envelope(ask.parameters, "account")
    account = act.create_sub_account(
        ask.tx, parent, name=_name(wanted), acting=ask.acting, because=because(ask)
    )  # fmt: skip
    return Answer(body=account_object(account, full=True))


def delete_sub_account(ask: Ask) -> Answer:
    """Delete an account that has none below itself; 409 when it has some, as in Canvas."""
    above = ask.account()
    account = ask.account("id")
    try:
        deleted = act.delete_sub_account(ask.tx, above, account, acting=ask.acting, because=because(ask))
    except act.StillInUse as refused:
        return Answer(body={"errors": [{"message": refused.public}]}, status=409)
    return Answer(body=account_object(deleted, full=True) | {"workflow_state": "deleted"})


def create_root_account(ask: Ask) -> Answer:
    """Make a root account with the host that belongs to it; for Site Admin's people."""
    site = ask.account()
    wanted = envelope(ask.parameters, "account")
    account = act.create_root(
        ask.tx,
        site,
        name=_name(wanted),
        domain=text(wanted.get("domain"), "account[domain]"),
        acting=ask.acting,
        because=because(ask),
    )
    return Answer(body=account_object(account, full=True))


def set_operator_values(ask: Ask) -> Answer:
    """Set an account's place in a consortium and its optional policies; for Site Admin's administrators only."""
    account = ask.account("id")
    act.require_operator(ask.tx, ask.acting, account)
    wanted: dict[str, Any] = {"policies": _policies(ask.parameters)}
    if "throttle" in ask.parameters:
        wanted["throttle"] = read_throttle(ask.parameters["throttle"])
    if "consortium_parent_id" in ask.parameters:
        wanted["consortium_parent_id"] = _consortium_parent(ask, ask.parameters["consortium_parent_id"])
    changed = act.set_operator_values(ask.tx, account, wanted, acting=ask.acting, because=because(ask))
    return Answer(body=operator_account_object(changed))


def _listed(ask: Ask, found: Listing[Account]) -> Answer:
    counts = _counts(ask, found.items)
    shapes = [account_object(one, full=True, sub_account_count=counts.get(one.id)) for one in found.items]
    return paged_shapes(ask, shapes, found.total)


def _shown(ask: Ask, account: Account) -> dict[str, Any]:
    full = act.administers(ask.tx, ask.acting, account)
    counts = _counts(ask, (account,)) if full else {}
    return account_object(account, full=full, sub_account_count=counts.get(account.id))


def _counts(ask: Ask, accounts: Sequence[Account]) -> Mapping[int, int]:
    """Return how many accounts stand below each, when the caller asks to include it."""
    included = ask.query.get("include")
    wanted = (included,) if isinstance(included, str) else text_list(included, "include") or ()
    if "sub_account_count" not in wanted:
        return {}
    found = read_accounts.children_counts(ask.tx, [account.id for account in accounts])
    return {account.id: found.get(account.id, 0) for account in accounts}


def _name(wanted: Tree) -> str:
    return text(wanted.get("name"), "account[name]") or ""


def _policies(parameters: Tree) -> dict[Policy, bool]:
    """Return which policies are switched on or off, given by name, alone or inside ``policies``."""
    grouped = mapping(parameters.get("policies"), "policies") or {}
    strangers = sorted(set(grouped) - {str(policy) for policy in Policy})
    if strangers:
        raise Malformed(f"policies must be among {', '.join(Policy)}")
    switches = {str(policy): parameters[policy] for policy in Policy if policy in parameters} | grouped
    return {Policy(name): _switch(value, name) for name, value in switches.items()}


def _switch(value: Value, name: str) -> bool:
    on = boolean(value, name)
    if on is None:
        raise Malformed(f"{name} must be true or false")
    return on


def _consortium_parent(ask: Ask, value: Value) -> Account | None:
    reference = text(value, "consortium_parent_id")
    if reference is None or reference == "":
        return None
    parent = read_accounts.find_account(ask.tx, parse_id(reference))
    if parent is None:
        raise Invalid({"consortium_parent_id": ["names no account"]})
    return parent


_ACCOUNTS = {"resource": "accounts", "resource_name": "Accounts"}

ROUTES: tuple[ApiRoute, ...] = (
    ApiRoute(verb="GET", template="/api/v1/accounts", handler=list_accounts, summary="List accounts", **_ACCOUNTS),
    ApiRoute(
        verb="GET", template="/api/v1/accounts/:id", handler=show_account, summary="Get a single account", **_ACCOUNTS
    ),
    ApiRoute(
        verb="PUT", template="/api/v1/accounts/:id", handler=update_account, summary="Update an account", **_ACCOUNTS
    ),
    ApiRoute(
        verb="GET",
        template="/api/v1/accounts/:account_id/sub_accounts",
        handler=list_sub_accounts,
        summary="Get the sub-accounts of an account",
        **_ACCOUNTS,
    ),
    ApiRoute(
        verb="POST",
        template="/api/v1/accounts/:account_id/sub_accounts",
        handler=create_sub_account,
        summary="Create a new sub-account",
        **_ACCOUNTS,
    ),
    ApiRoute(
        verb="DELETE",
        template="/api/v1/accounts/:account_id/sub_accounts/:id",
        handler=delete_sub_account,
        summary="Delete a sub-account",
        **_ACCOUNTS,
    ),
    ApiRoute(
        verb="POST",
        template="/api/v1/accounts/:account_id/root_accounts",
        handler=create_root_account,
        summary="Create a root account",
        resource="accounts",
    ),
    ApiRoute(
        verb="PATCH",
        template="/api/keystead/v1/accounts/:id",
        handler=set_operator_values,
        summary="Set an account's consortium and optional policies",
        resource="keystead",
        resource_name="Keystead",
    ),
)
