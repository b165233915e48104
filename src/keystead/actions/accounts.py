"""Makes, changes and deletes accounts, and settles who may know of them."""

import uuid
from collections.abc import Mapping
from typing import Any

from keystead.actions import permits
from keystead.actions.wording import host_problem, line_problem
from keystead.core.accounts import Account, AccountKind, Policy, normal_host
from keystead.core.actors import Actor, Right
from keystead.core.errors import Forbidden, Invalid, Malformed, NotFound, Refused
from keystead.core.throttle import Limits, told
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction
from keystead.storage.write import accounts as write_accounts
from keystead.storage.write.changes import record

TAKEN = "has already been taken"


class StillInUse(Refused):
    """What is to be deleted carries something else."""

    code = "still_in_use"
    default = "You can't delete an account that has sub-accounts in it."


def administers(tx: Transaction, acting: Actor, account: Account) -> bool:
    """Whether the person acting has any role in the account, above it or in Site Admin."""
    if acting.is_operator:
        return True
    above = {step.id for step in read_accounts.lineage(tx, account)} | {read_accounts.site_admin(tx).id}
    return any(seat.account_id in above for seat in read_users.seats_of(tx, acting.user_id))


def is_known(tx: Transaction, acting: Actor, account: Account) -> bool:
    """Whether the person acting may know of the account: as an administrator, or with a login to its tenant."""
    if administers(tx, acting, account):
        return True
    return any(login.account_id == account.root_id for login in read_users.logins_of(tx, acting.user_id))


def require_known(tx: Transaction, acting: Actor, account: Account) -> None:
    """Raise NotFound when the account belongs to a tenant that the person acting has nothing to do with."""
    if not is_known(tx, acting, account):
        raise NotFound


def require(tx: Transaction, acting: Actor, account: Account, *rights: Right) -> None:
    """Raise unless the person acting holds one of the rights: NotFound for another tenant's account, else Forbidden.

    That there is a Site Admin account is no secret.
    """
    if any(permits.holds(tx, acting, right, account) for right in rights):
        return
    if not account.is_site_admin:
        require_known(tx, acting, account)
    raise Forbidden


def require_operator(tx: Transaction, acting: Actor, account: Account) -> None:
    """Raise unless the person acting is a full administrator of Site Admin: NotFound or Forbidden, as ``require``."""
    if not permits.is_site_administrator(tx, acting):
        require_known(tx, acting, account)
        raise Forbidden


def create_root(
    tx: Transaction, site: Account, *, name: str, domain: str | None, acting: Actor, because: str | None
) -> Account:
    """Make a root account; ``domain`` is the host that belongs to it. Raises Forbidden, NotFound, Invalid."""
    if not site.is_site_admin:
        require_known(tx, acting, site)
        raise NotFound
    require(tx, acting, site, Right.MANAGE_ACCOUNT_SETTINGS)
    host = None if domain is None or not domain.strip() else normal_host(domain)
    problems = {"name": line_problem(name), "domain": None if host is None else host_problem(domain or "")}
    _refuse(problems)
    if host is not None and not write_accounts.domain_is_free(tx, host):
        raise Invalid({"domain": [TAKEN]})
    account_id = write_accounts.insert_account(
        tx, name=name.strip(), kind=AccountKind.ROOT, uuid=uuid.uuid4().hex, domain=host
    )  # fmt: skip
    record(
        tx,
        "account.created",
        "account",
        account_id,
        acting=acting,
        account_id=account_id,
        after={"name": name.strip(), "domain": host},
        because=because,
    )
    return read_accounts.get_account(tx, account_id)


def create_sub_account(
    tx: Transaction, parent: Account, *, name: str, acting: Actor, because: str | None
) -> Account:  # fmt: skip
    """Make an account directly below another. Raises NotFound, Forbidden, Malformed below Site Admin, Invalid."""
    require(tx, acting, parent, Right.MANAGE_ACCOUNT_SETTINGS)
    if parent.is_site_admin:
        raise Malformed("root accounts are made with POST /api/v1/accounts/site_admin/root_accounts")
    _refuse({"name": line_problem(name)})
    parent = read_accounts.hold_account(tx, parent.id)
    if len(read_accounts.lineage(tx, parent)) + 1 >= read_accounts.MOST_LEVELS:
        raise Invalid({"parent_account_id": ["is too deep in the tree"]})
    account_id = write_accounts.insert_account(
        tx, name=name.strip(), kind=AccountKind.SUB, uuid=uuid.uuid4().hex, parent=parent
    )  # fmt: skip
    record(
        tx,
        "account.created",
        "account",
        account_id,
        acting=acting,
        account_id=account_id,
        after={"name": name.strip(), "parent_account_id": parent.id},
        because=because,
    )
    return read_accounts.get_account(tx, account_id)


def update(
    tx: Transaction,
    account: Account,
    *,
    name: str | None,
    default_time_zone: str | None,
    acting: Actor,
    because: str | None,
) -> Account:
    """Change an account's name or time zone; None leaves either as it is. Raises NotFound, Forbidden, Invalid."""
    require(tx, acting, account, Right.MANAGE_ACCOUNT_SETTINGS)
    wanted = {
        attribute: value.strip()
        for attribute, value in (("name", name), ("default_time_zone", default_time_zone))
        if value is not None
    }
    _refuse({attribute: line_problem(value) for attribute, value in wanted.items()})
    return _changed(tx, account, wanted, "account.updated", acting=acting, because=because)


def delete_sub_account(
    tx: Transaction, above: Account, account: Account, *, acting: Actor, because: str | None
) -> Account:  # fmt: skip
    """Delete an account below ``above`` that has none below itself. Raises NotFound, Forbidden, StillInUse."""
    require(tx, acting, above, Right.MANAGE_ACCOUNT_SETTINGS)
    account = read_accounts.hold_account(tx, account.id)
    steps = read_accounts.lineage(tx, account)
    if account.is_root or above.id not in [step.id for step in steps[1:]]:
        raise NotFound
    if read_accounts.count_children(tx, account):
        raise StillInUse
    write_accounts.update_account(tx, account.id, is_deleted=True)
    record(
        tx,
        "account.deleted",
        "account",
        account.id,
        acting=acting,
        account_id=account.id,
        before={"name": account.name},
        because=because,
    )
    return account


def set_operator_values(
    tx: Transaction, account: Account, wanted: Mapping[str, Any], *, acting: Actor, because: str | None
) -> Account:
    """Set ``consortium_parent_id`` (an Account or None), ``policies`` (by Policy) and ``throttle`` of a root account.

    A consortium has two levels: a parent has no parent, a child no children. Raises Forbidden, NotFound, Malformed,
    Invalid.
    """
    require_operator(tx, acting, account)
    if not account.is_root:
        raise Malformed("only root accounts have policies and a consortium")
    values: dict[str, Any] = {}
    if "consortium_parent_id" in wanted:
        parent: Account | None = wanted["consortium_parent_id"]
        account = _hold_both(tx, account, parent)
        values["consortium_parent_id"] = None if parent is None else _fit_parent(tx, account, parent).id
    else:
        account = read_accounts.hold_account(tx, account.id)
    switches: Mapping[Policy, bool] = wanted.get("policies", {})
    if switches:
        kept = {policy for policy in account.policies if switches.get(policy, True)}
        values["policies"] = frozenset(kept | {policy for policy, on in switches.items() if on})
    if "throttle" in wanted:
        values["throttle"] = wanted["throttle"]
    return _changed(tx, account, values, "account.policies_set", acting=acting, because=because)


def _hold_both(tx: Transaction, account: Account, parent: Account | None) -> Account:
    """Hold child and parent, always in the same order, so that rivals cannot make a chain or a deadlock."""
    ids = {account.id} | ({parent.id} if parent is not None else set())
    held = {at: read_accounts.hold_account(tx, at) for at in sorted(ids)}
    return held[account.id]


def _fit_parent(tx: Transaction, account: Account, parent: Account) -> Account:
    parent = read_accounts.get_account(tx, parent.id)
    if account.is_site_admin:
        problem = "cannot be set for Site Admin"
    elif parent.is_site_admin or not parent.is_root:
        problem = "must be a root account"
    elif parent.id == account.id:
        problem = "cannot be the account itself"
    elif parent.consortium_parent_id is not None:
        problem = "cannot be a consortium's child"
    elif read_accounts.has_consortium_children(tx, account):
        problem = "cannot be set for a consortium's parent"
    else:
        return parent
    raise Invalid({"consortium_parent_id": [problem]})


def _changed(
    tx: Transaction, account: Account, wanted: Mapping[str, Any], action: str, *, acting: Actor, because: str | None
) -> Account:
    new = {name: value for name, value in wanted.items() if getattr(account, name) != value}
    if not new:
        return account
    stored = {name: _stored(value) for name, value in new.items()}
    write_accounts.update_account(tx, account.id, **stored)
    record(
        tx,
        action,
        "account",
        account.id,
        acting=acting,
        account_id=account.id,
        before={name: _stored(getattr(account, name)) for name in new},
        after=stored,
        because=because,
    )
    return read_accounts.get_account(tx, account.id)


def _stored(value: Any) -> Any:
    match value:
        case frozenset():
            return sorted(value)
        case Limits():
            return told(value)
        case _:
            return value


def _refuse(problems: Mapping[str, str | None]) -> None:
    found = {name: [problem] for name, problem in problems.items() if problem is not None}
    if found:
        raise Invalid(found)
