"""Makes and changes roles. Nobody gives a role, or by a role somebody else, a right that they lack themselves."""

from collections.abc import Iterable, Mapping
from typing import Any

from keystead.actions import permits
from keystead.actions.accounts import require
from keystead.actions.wording import line_problem
from keystead.core.accounts import Account
from keystead.core.actors import SITE_ADMIN_ONLY_RIGHTS, Actor, Right, Role
from keystead.core.errors import Forbidden, Invalid, Malformed, NotFound
from keystead.core.roles import TEMPLATES
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction
from keystead.storage.write import users as write_users
from keystead.storage.write.changes import record

LABEL_TAKEN = "A role with this label already exists"


def rights_in(role: Role, account: Account) -> frozenset[Right]:
    """Return which rights the role gives in the account; some count in Site Admin only."""
    return role.rights if account.is_site_admin else role.rights - SITE_ADMIN_ONLY_RIGHTS


def require_no_more(tx: Transaction, acting: Actor, rights: Iterable[Right], account: Account) -> None:
    """Raise Forbidden unless the person acting holds all these rights in the account themselves."""
    if not permits.rights_of(tx, acting, account).issuperset(rights):
        raise Forbidden


def is_usable(tx: Transaction, role: Role, account: Account) -> bool:
    """Whether the role is to be had in the account: a built-in one, or made there or above."""
    return role.is_built_in or role.account_id in [step.id for step in read_accounts.lineage(tx, account)]


def create(
    tx: Transaction,
    account: Account,
    *,
    label: str,
    switches: Mapping[Right, bool],
    acting: Actor,
    because: str | None,
) -> Role:
    """Make a role with the rights switched on. Raises NotFound, Forbidden, Invalid."""
    require(tx, acting, account, Right.MANAGE_ROLE_OVERRIDES)
    rights = _granted(account, frozenset(), switches)
    require_no_more(tx, acting, rights, account)
    read_accounts.hold_account(tx, account.id)
    label = _free_label(tx, account, label)
    role_id = write_users.insert_role(tx, account_id=account.id, label=label, rights=rights)
    record(
        tx,
        "role.created",
        "role",
        role_id,
        acting=acting,
        account_id=account.id,
        after={"label": label, "permissions": sorted(rights)},
        because=because,
    )
    return _get(tx, role_id)


def create_from(
    tx: Transaction, account: Account, template: str, *, label: str | None, acting: Actor, because: str | None
) -> Role:
    """Make a role from one of ``TEMPLATES``, under its own label if none is given.

    Raises what ``create`` raises, and Malformed for a template that is not there.
    """
    require(tx, acting, account, Right.MANAGE_ROLE_OVERRIDES)
    found = TEMPLATES.get(template)
    if found is None:
        raise Malformed(f"template must be one of {', '.join(TEMPLATES)}")
    switches = dict.fromkeys(found.rights, True)
    return create(tx, account, label=label or found.label, switches=switches, acting=acting, because=because)


def update(
    tx: Transaction,
    account: Account,
    role: Role,
    *,
    label: str | None,
    switches: Mapping[Right, bool],
    acting: Actor,
    because: str | None,
) -> Role:
    """Change a role of this very account. Raises NotFound, Forbidden, Malformed for a built-in one, Invalid."""
    role = _own_role(tx, account, role, acting=acting)
    rights = _granted(account, role.rights, switches)
    require_no_more(tx, acting, rights - role.rights, account)
    new: dict[str, Any] = {}
    if label is not None and label.strip() != role.label:
        new["label"] = _free_label(tx, account, label, besides=role)
    if rights != role.rights:
        new["rights"] = sorted(rights)
    if not new:
        return role
    write_users.update_role(tx, role.id, **new)
    old = {"label": role.label, "rights": sorted(role.rights)}
    record(
        tx,
        "role.updated",
        "role",
        role.id,
        acting=acting,
        account_id=account.id,
        before={_SPOKEN[name]: old[name] for name in new},
        after={_SPOKEN[name]: value for name, value in new.items()},
        because=because,
    )
    return _get(tx, role.id)


def deactivate(tx: Transaction, account: Account, role: Role, *, acting: Actor, because: str | None) -> Role:
    """Take a role out of use: its rights rest, also for those who have it, until it is activated again."""
    return _set_active(tx, account, role, active=False, acting=acting, because=because)


def activate(tx: Transaction, account: Account, role: Role, *, acting: Actor, because: str | None) -> Role:
    """Put a role back to use. Raises Forbidden when it carries rights that the person acting lacks."""
    return _set_active(tx, account, role, active=True, acting=acting, because=because)


_SPOKEN = {"label": "label", "rights": "permissions"}


def _set_active(
    tx: Transaction, account: Account, role: Role, *, active: bool, acting: Actor, because: str | None
) -> Role:
    role = _own_role(tx, account, role, acting=acting)
    if role.is_active is active:
        return role
    if active:
        require_no_more(tx, acting, rights_in(role, account), account)
        _free_label(tx, account, role.label, besides=role)
    write_users.update_role(tx, role.id, is_active=active)
    record(
        tx,
        "role.activated" if active else "role.deactivated",
        "role",
        role.id,
        acting=acting,
        account_id=account.id,
        after={"label": role.label},
        because=because,
    )
    return _get(tx, role.id)


def _own_role(tx: Transaction, account: Account, role: Role, *, acting: Actor) -> Role:
    """Return the role as it is now, its account held until the transaction ends."""
    require(tx, acting, account, Right.MANAGE_ROLE_OVERRIDES)
    if role.is_built_in:
        raise Malformed("a built-in role cannot be changed")
    if role.account_id != account.id:
        raise NotFound
    read_accounts.hold_account(tx, account.id)
    return _get(tx, role.id)


def _granted(account: Account, before: frozenset[Right], switches: Mapping[Right, bool]) -> frozenset[Right]:
    for right in SITE_ADMIN_ONLY_RIGHTS:
        if switches.get(right) and not account.is_site_admin:
            raise Invalid({"permissions": [f"{right} can be given in Site Admin only"]})
    off = {right for right, on in switches.items() if not on}
    return before - off | {right for right, on in switches.items() if on}


def _free_label(tx: Transaction, account: Account, label: str, *, besides: Role | None = None) -> str:
    wanted = label.strip()
    problem = line_problem(wanted)
    if problem is not None:
        raise Invalid({"label": [problem]})
    found = read_users.find_role_by_label(tx, wanted, account)
    if found is not None and (besides is None or found.id != besides.id):
        raise Invalid({"label": [LABEL_TAKEN]})
    return wanted


def _get(tx: Transaction, role_id: int) -> Role:
    role = read_users.find_role(tx, role_id)
    if role is None:
        raise NotFound
    return role
