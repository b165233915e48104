"""Roles on Canvas's wire: list, show, create, change, take out of use (docs/canvas-compat.md, Roles)."""

from keystead.actions import accounts as act_accounts
from keystead.actions import roles as act
from keystead.api.institution_shapes import ACCOUNT_ROLE, role_object
from keystead.api.keys import because
from keystead.api.paging import paged, window_of
from keystead.api.requests import Answer, ApiRoute, Ask, number
from keystead.core.accounts import Account
from keystead.core.actors import ROLE_READERS, Right, Role
from keystead.core.errors import Malformed, NotFound, missing
from keystead.core.parameters import Value, boolean, mapping, text, text_list
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users

_STATES = {"active": True, "inactive": False}


def list_roles(ask: Ask) -> Answer:
    """List the built-in and an account's own roles, and those from above with ``show_inherited``."""
    account = ask.account()
    act_accounts.require(ask.tx, ask.acting, account, *ROLE_READERS)
    inherited = bool(boolean(ask.query.get("show_inherited"), "show_inherited"))
    found = read_users.list_roles_of_states(
        ask.tx, account, window_of(ask), inherited=inherited, states=_states(ask)
    )  # fmt: skip
    makers = {step.id: step for step in read_accounts.lineage(ask.tx, account)}
    return paged(ask, found, lambda role: role_object(role, makers.get(role.account_id or account.id, account)))


def show_role(ask: Ask) -> Answer:
    """Show a role that is to be had in the account."""
    account = ask.account()
    act_accounts.require(ask.tx, ask.acting, account, *ROLE_READERS)
    return _shown(ask, _role(ask, account), account)


def create_role(ask: Ask) -> Answer:
    """Make a role with the permissions switched on."""
    account = ask.account()
    act_accounts.require(ask.tx, ask.acting, account, Right.MANAGE_ROLE_OVERRIDES)
    label = _label(ask)
    if not label:
        raise missing("label")
    _refuse_other_bases(ask)
    role = act.create(
        ask.tx, account, label=label, switches=_switches(ask), acting=ask.acting, because=because(ask)
    )  # fmt: skip
    return _shown(ask, role, account)


def update_role(ask: Ask) -> Answer:
    """Change a role's label and permissions."""
    account = ask.account()
    act_accounts.require(ask.tx, ask.acting, account, Right.MANAGE_ROLE_OVERRIDES)
    changed = act.update(
        ask.tx,
        account,
        _role(ask, account),
        label=_label(ask),
        switches=_switches(ask),
        acting=ask.acting,
        because=because(ask),
    )
    return _shown(ask, changed, account)


def deactivate_role(ask: Ask) -> Answer:
    """Take a role out of use."""
    account = ask.account()
    act_accounts.require(ask.tx, ask.acting, account, Right.MANAGE_ROLE_OVERRIDES)
    role = act.deactivate(ask.tx, account, _role(ask, account), acting=ask.acting, because=because(ask))
    return _shown(ask, role, account)


def activate_role(ask: Ask) -> Answer:
    """Put a role back to use."""
    account = ask.account()
    act_accounts.require(ask.tx, ask.acting, account, Right.MANAGE_ROLE_OVERRIDES)
    role = act.activate(ask.tx, account, _role(ask, account), acting=ask.acting, because=because(ask))
    return _shown(ask, role, account)


def _role(ask: Ask, account: Account) -> Role:
    role = read_users.find_role(ask.tx, number(ask.values["id"]))
    if role is None or not act.is_usable(ask.tx, role, account):
        raise NotFound
    return role


def _shown(ask: Ask, role: Role, account: Account) -> Answer:
    maker = account if role.account_id is None else read_accounts.get_account(ask.tx, role.account_id)
    return Answer(body=role_object(role, maker))


def _label(ask: Ask) -> str | None:
    """Return the label; ``role`` is its deprecated name in Canvas."""
    label = text(ask.parameters.get("label"), "label")
    return text(ask.parameters.get("role"), "role") if label is None else label


def _refuse_other_bases(ask: Ask) -> None:
    base = text(ask.parameters.get("base_role_type"), "base_role_type")
    if base and base != ACCOUNT_ROLE:
        raise Malformed(f"base_role_type must be {ACCOUNT_ROLE}")


def _states(ask: Ask) -> tuple[bool, ...]:
    given = ask.query.get("state")
    wanted = (given,) if isinstance(given, str) else text_list(given, "state") or ()
    if any(state not in _STATES for state in wanted):
        raise Malformed("state must be active or inactive")
    return tuple(_STATES[state] for state in wanted) or (True,)


def _switches(ask: Ask) -> dict[Right, bool]:
    """Return which rights are switched on or off; other names are Canvas's own and passed over."""
    given = mapping(ask.parameters.get("permissions"), "permissions") or {}
    switches: dict[Right, bool] = {}
    for right in Right:
        if right in given:
            on = _switch(given[right], f"permissions[{right}]")
            if on is not None:
                switches[right] = on
    return switches


def _switch(value: Value, name: str) -> bool | None:
    """Return what one permission says. Not ``explicit`` means: as by default, which for these roles is off.

    A right always holds in its account and below; asking for less is refused, since it would give more than asked.
    """
    wanted = mapping(value, name) or {}
    enabled = boolean(wanted.get("enabled"), f"{name}[enabled]")
    explicit = boolean(wanted.get("explicit"), f"{name}[explicit]")
    boolean(wanted.get("locked"), f"{name}[locked]")
    for reach in ("applies_to_self", "applies_to_descendants"):
        if boolean(wanted.get(reach), f"{name}[{reach}]") is False:
            raise Malformed(f"{name}[{reach}] cannot be switched off")
    return False if explicit is False else enabled


_ROLES = {"resource": "roles", "resource_name": "Roles"}

ROUTES: tuple[ApiRoute, ...] = (
    ApiRoute(
        verb="GET",
        template="/api/v1/accounts/:account_id/roles",
        handler=list_roles,
        summary="List roles",
        **_ROLES,
    ),
    ApiRoute(
        verb="GET",
        template="/api/v1/accounts/:account_id/roles/:id",
        handler=show_role,
        summary="Get a single role",
        **_ROLES,
    ),
    ApiRoute(
        verb="POST",
        template="/api/v1/accounts/:account_id/roles",
        handler=create_role,
        summary="Create a new role",
        **_ROLES,
    ),
    ApiRoute(
        verb="PUT",
        template="/api/v1/accounts/:account_id/roles/:id",
        handler=update_role,
        summary="Update a role",
        **_ROLES,
    ),
    ApiRoute(
        verb="DELETE",
        template="/api/v1/accounts/:account_id/roles/:id",
        handler=deactivate_role,
        summary="Deactivate a role",
        **_ROLES,
    ),
    ApiRoute(
        verb="POST",
        template="/api/v1/accounts/:account_id/roles/:id/activate",
        handler=activate_role,
        summary="Activate a role",
        **_ROLES,
    ),
)
