"""People on Canvas's wire: list, create, show, change, suspend, remove, profile (docs/canvas-compat.md, Users)."""

from typing import Any

from keystead.actions import accounts as act_accounts
from keystead.actions import users as act
from keystead.actions.user_values import NewPerson, PersonRefused
from keystead.api.institution_shapes import brief_user_object, login_shown, profile_object, user_object
from keystead.api.keys import because
from keystead.api.paging import paged, window_of
from keystead.api.requests import Answer, ApiRoute, Ask
from keystead.core.actors import Login, Right, User
from keystead.core.credentials import Secret
from keystead.core.errors import Malformed, NotFound
from keystead.core.parameters import Tree, envelope, mapping, text
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users

_NAMES = ("name", "short_name", "sortable_name", "time_zone", "locale")
_EVENTS = {"suspend": True, "unsuspend": False}


def list_users(ask: Ask) -> Answer:
    """List an account's people by name; ``search_term`` is part of a name or login."""
    account = ask.account()
    act_accounts.require(ask.tx, ask.acting, account, Right.READ_ROSTER)
    search = text(ask.query.get("search_term"), "search_term")
    found = read_users.list_people_of(ask.tx, account, window_of(ask), search=search)
    logins = read_users.logins_by_user(ask.tx, [user.id for user in found.items])
    return paged(ask, found, lambda user: user_object(user, login_shown(logins.get(user.id, ()), account.root_id)))


def create_user(ask: Ask) -> Answer:
    """Make a person with a login to the account's tenant."""
    account = ask.account()
    act_accounts.require_known(ask.tx, ask.acting, account)
    pseudonym = envelope(ask.parameters, "pseudonym")
    named = mapping(ask.parameters.get("user"), "user") or {}
    channel = mapping(ask.parameters.get("communication_channel"), "communication_channel") or {}
    password = text(pseudonym.get("password"), "pseudonym[password]")
    wanted = NewPerson(
        unique_id=text(pseudonym.get("unique_id"), "pseudonym[unique_id]") or "",
        password=Secret(password) if password else None,
        email=text(channel.get("address"), "communication_channel[address]"),
        **_texts(named, _NAMES),
    )
    try:
        user = act.create(ask.tx, account, wanted, acting=ask.acting, because=because(ask))
    except PersonRefused as refused:
        return Answer(body={"errors": _by_group(refused)}, status=400)
    logins = read_users.logins_of(ask.tx, user.id)
    return Answer(body=user_object(user, login_shown(logins, account.root_id)))


def remove_user(ask: Ask) -> Answer:
    """Take a person's login to the account's tenant away; with the last one they are deleted."""
    account = ask.account()
    act_accounts.require_known(ask.tx, ask.acting, account)
    user = ask.person()
    login = login_shown(read_users.logins_of(ask.tx, user.id), account.root_id)
    removed = act.remove(ask.tx, account, user, acting=ask.acting, because=because(ask))
    return Answer(body=brief_user_object(removed, login))


def show_user(ask: Ask) -> Answer:
    """Show oneself, or somebody whose tenant's roster one may read."""
    user = ask.person("id")
    logins = act.visible_logins(ask.tx, ask.acting, user)
    return Answer(body=user_object(user, _login(ask, logins)))


def update_user(ask: Ask) -> Answer:
    """Change a person, or fire the ``event`` that suspends them or takes that back."""
    user = _known_person(ask)
    wanted = envelope(ask.parameters, "user")
    event = text(wanted.get("event"), "user[event]")
    values = _texts(wanted, (*_NAMES, "email"))
    if event:
        if event not in _EVENTS:
            raise Malformed("user[event] must be suspend or unsuspend")
        user = act.set_suspended(
            ask.tx, user, suspended=_EVENTS[event], acting=ask.acting, because=because(ask)
        )  # fmt: skip
    if values or not event:
        user = act.update(ask.tx, user, values, acting=ask.acting, because=because(ask))
    return Answer(body=user_object(user, _login(ask, _seen_logins(ask, user))))


def show_profile(ask: Ask) -> Answer:
    """Show the profile of oneself, or of somebody whose tenant's roster one may read."""
    user = ask.person()
    logins = act.visible_logins(ask.tx, ask.acting, user)
    shown = profile_object(user, _login(ask, logins), time_zone=ask.domain_root.default_time_zone)
    return Answer(body=shown)


def _known_person(ask: Ask) -> User:
    """Return the person to change; for those who may not know of them there is nobody."""
    user = ask.person("id")
    if user.id != ask.acting.user_id:
        accounts = (
            read_accounts.get_account(ask.tx, login.account_id) for login in read_users.logins_of(ask.tx, user.id)
        )
        if not any(act_accounts.is_known(ask.tx, ask.acting, account) for account in accounts):
            raise NotFound
    return user


def _seen_logins(ask: Ask, user: User) -> tuple[Login, ...]:
    """Return the ways in to show to somebody who has just changed the person, whatever of the roster they may read."""
    logins = read_users.logins_of(ask.tx, user.id)
    here = tuple(login for login in logins if login.account_id == ask.domain_root.id)
    return logins if user.id == ask.acting.user_id else here


def _login(ask: Ask, logins: tuple[Login, ...]) -> Login | None:
    others = (login.account_id for login in logins)
    return login_shown(logins, ask.domain_root.id, *others)


def _texts(values: Tree, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: text(values[name], f"user[{name}]") for name in names if name in values}


def _by_group(refused: PersonRefused) -> dict[str, Any]:
    """Return the errors as Canvas groups them when people are made: by model, then by attribute."""
    groups: dict[str, Any] = {"user": {}, "pseudonym": {}}
    for group, problems in refused.problems.items():
        groups[group] = {
            name: [{"attribute": name, "type": problem.kind, "message": problem.message}]
            for name, problem in problems.items()
        }
    return groups


_USERS = {"resource": "users", "resource_name": "Users"}

ROUTES: tuple[ApiRoute, ...] = (
    ApiRoute(
        verb="GET",
        template="/api/v1/accounts/:account_id/users",
        handler=list_users,
        summary="List users in account",
        **_USERS,
    ),
    ApiRoute(
        verb="POST",
        template="/api/v1/accounts/:account_id/users",
        handler=create_user,
        summary="Create a user",
        **_USERS,
    ),
    ApiRoute(
        verb="DELETE",
        template="/api/v1/accounts/:account_id/users/:user_id",
        handler=remove_user,
        summary="Delete a user from the root account",
        resource="accounts",
        resource_name="Accounts",
    ),
    ApiRoute(verb="GET", template="/api/v1/users/:id", handler=show_user, summary="Show user details", **_USERS),
    ApiRoute(verb="PUT", template="/api/v1/users/:id", handler=update_user, summary="Edit a user", **_USERS),
    ApiRoute(
        verb="GET",
        template="/api/v1/users/:user_id/profile",
        handler=show_profile,
        summary="Get user profile",
        **_USERS,
    ),
)
