"""Developer keys on Canvas's wire: list, create, update, delete, regenerate (docs/canvas-compat.md, Developer keys)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from keystead.actions import keys as act
from keystead.actions import permits
from keystead.actions import secrets as act_secrets
from keystead.actions.key_values import key_values
from keystead.api.paging import page_of, paged, window_of
from keystead.api.requests import Answer, ApiRoute, Ask, number
from keystead.api.shapes import KeyView, key_object
from keystead.api.throttles import read_throttle
from keystead.core.accounts import Account, Policy
from keystead.core.actors import Right
from keystead.core.bindings import resolve
from keystead.core.errors import Malformed, NotFound
from keystead.core.ids import parse_id
from keystead.core.keys import ClientType, Key, SecurityProfile
from keystead.core.parameters import Value, boolean, envelope, text, text_list
from keystead.core.throttle import told
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read import users as read_users


def list_keys(ask: Ask) -> Answer:
    """List an account's own keys, or with ``inherited`` those it inherits, newest first."""
    account = _managed_account(ask)
    if not account.is_root:
        raise NotFound
    inherited = _is_meant(ask.query.get("inherited"))
    page_of(ask)
    reference = ask.query.get("id")
    only = None if reference is None or reference == "" else (parse_id(str(reference)) or 0)
    search = read_keys.KeySearch(key_id=only)
    if inherited:
        path = read_accounts.path_to(ask.tx, account)
        parent = next((above for above in path.chain if above.id == account.consortium_parent_id), None)
        search = search if parent is None else read_keys.NEWEST_FIRST  # as in Canvas, whose children ignore the id
        found = read_keys.list_inherited(ask.tx, account, window_of(ask), search, parent=parent)
    else:
        found = read_keys.list_own(ask.tx, account, window_of(ask), search)
    views = {view.key.id: view for view in views_of(ask, found.items, account, shows_secret=not inherited)}
    base = f"{ask.public_origin}/api/v1/accounts/{ask.values['account_id']}/developer_keys"
    return paged(ask, found, lambda key: key_object(views[key.id], inherited=inherited, listed=True), base=base)


def create_key(ask: Ask) -> Answer:
    """Make a key, off until an account's binding says otherwise."""
    account = _managed_account(ask)
    act.require_owner(ask.tx, account, ask.domain_root, acting=ask.acting)
    values = key_values(envelope(ask.parameters, "developer_key"))
    key = act.create(
        ask.tx, account, values, catalogue=ask.world.catalogue, acting=ask.acting, because=because(ask)
    )  # fmt: skip
    return Answer(body=key_object(_view(ask, key, account)))


def update_key(ask: Ask) -> Answer:
    """Change a key, or fire its ``event``."""
    key = act.get_for_change(ask.tx, number(ask.values["id"]), ask.domain_root, acting=ask.acting)
    wanted = envelope(ask.parameters, "developer_key")
    change = act.KeyChange(values=key_values(wanted), event=text(wanted.get("event"), "event") or None)
    changed = act.update(
        ask.tx, key, change, catalogue=ask.world.catalogue, acting=ask.acting, because=because(ask)
    )  # fmt: skip
    return Answer(body=key_object(_view(ask, changed, act.owner_of(ask.tx, changed), masks=True)))


def delete_key(ask: Ask) -> Answer:
    """Delete a key for good."""
    key = act.get_for_change(ask.tx, number(ask.values["id"]), ask.domain_root, acting=ask.acting)
    owner = act.owner_of(ask.tx, key)
    deleted = act.delete(ask.tx, key, acting=ask.acting, because=because(ask))
    return Answer(body=key_object(_view(ask, deleted, owner, masks=True)))


def regenerate_secret(ask: Ask) -> Answer:
    """Give a key a new secret and end all its tokens (optional policy, off by default)."""
    key = act.get_for_change(ask.tx, number(ask.values["id"]), ask.domain_root, acting=ask.acting)
    owner = act.owner_of(ask.tx, key)
    if key.is_global:
        raise permits.ForbiddenPlainly("Cannot regenerate secret for Site Admin keys")
    if Policy.REGENERATE_SECRETS not in owner.policies:
        raise permits.ForbiddenPlainly("Feature not enabled")
    if ask.acting.key_id is not None and ask.acting.key_id != key.id:
        manual = ask.acting.key_id == read_keys.built_in_key(ask.tx).id
        raise permits.ForbiddenPlainly(
            "Cannot regenerate secret using a user-generated access token"
            if manual
            else "Cannot regenerate secret for a developer key other than the one associated with this access token"
        )
    rotated = act_secrets.rotate_secret(ask.tx, key, acting=ask.acting, because=because(ask))
    return Answer(body=key_object(_view(ask, rotated, owner)))


def set_operator_flags(ask: Ask) -> Answer:
    """Set what Canvas's operators set from a console; for Site Admin's administrators only."""
    if not permits.is_site_administrator(ask.tx, ask.acting):
        raise NotFound
    key = read_keys.get_key(ask.tx, number(ask.values["id"]), for_change=True)
    values = {name: reader(ask.parameters[name]) for name, reader in _OPERATOR.items() if name in ask.parameters}
    if "service_user_id" in values and values["service_user_id"] is not None:
        values["service_user_id"] = _person_id(ask, values["service_user_id"])
    values = {_COLUMN.get(name, name): value for name, value in values.items()}
    change = act.KeyChange(values=values)
    changed = act.update(
        ask.tx, key, change, catalogue=ask.world.catalogue, acting=ask.acting, because=because(ask)
    )  # fmt: skip
    shown = key_object(_view(ask, changed, act.owner_of(ask.tx, changed)))
    shown.pop("api_key", None)
    flags = {name: getattr(changed, _COLUMN.get(name, name)) for name in _OPERATOR}
    told_flags = {name: list(v) if isinstance(v, tuple) else v for name, v in flags.items()}
    return Answer(body=shown | told_flags | {"throttle": told(changed.throttle)})


def views_of(ask: Ask, keys: tuple[Key, ...], account: Account, *, shows_secret: bool) -> list[KeyView]:
    """Return the keys with all that their objects show, read in a fixed number of queries."""
    path = read_accounts.path_to(ask.tx, account)
    ids = [key.id for key in keys]
    bindings = read_bindings.bindings_of_keys(ask.tx, ids)
    site = read_accounts.site_admin(ask.tx)
    counts = read_keys.token_counts(ask.tx, ids) if shows_secret else {}
    last_used = _last_used(ask, ids) if shows_secret else {}
    redirects = ask.world.usage.of_redirects(ids) if shows_secret else {}
    return [
        KeyView(
            key=key,
            context=path,
            owner=account,
            binding=resolve(key, path, bindings.get(key.id, {}), site.id),
            shows_secret=shows_secret,
            masks_secret=Policy.REGENERATE_SECRETS in account.policies,
            token_count=counts.get(key.id, 0),
            last_used_at=last_used.get(key.id),
            redirects_used={uri: used for (key_id, uri), used in redirects.items() if key_id == key.id},
            checks_test_cluster=ask.world.settings.test_cluster_checks,
        )
        for key in keys
    ]


def because(ask: Ask) -> str | None:
    """Return the reason that the caller gives for a change, where they give one."""
    given = text(ask.parameters.get("because"), "because")
    return None if given is None else given[:2000]


def _managed_account(ask: Ask) -> Account:
    """Return the path's account, on which the person asking may manage keys.

    The right counts on the account itself only when it is the domain's own; else Site Admin's decides.
    """
    account = ask.account()
    asked_of = account if account.id == ask.domain_root.id else read_accounts.site_admin(ask.tx)
    permits.require(ask.tx, ask.acting, Right.MANAGE_DEVELOPER_KEYS, asked_of)
    return account


def _view(ask: Ask, key: Key, owner: Account, *, masks: bool = False) -> KeyView:
    (view,) = views_of(ask, (key,), owner, shows_secret=True)
    return view if masks else replace(view, masks_secret=False)


def _last_used(ask: Ask, key_ids: list[Any]) -> dict[int, Any]:
    by_key = read_tokens.token_ids_of_keys(ask.tx, key_ids)
    used = ask.world.usage.of_tokens([token_id for ids in by_key.values() for token_id in ids])
    return {
        key_id: max((used[token_id] for token_id in ids if token_id in used), default=None)
        for key_id, ids in by_key.items()
    }


def _is_meant(value: Value) -> bool:
    """Whether ``inherited`` is asked for: as documented a boolean, so false, 0 and blank mean no."""
    return value is not None and str(value).strip().casefold() not in ("", "false", "0")


def _person_id(ask: Ask, reference: object) -> int:
    user = read_users.find_user(ask.tx, parse_id(str(reference)))
    if user is None:
        raise Malformed("service_user_id names nobody")
    return user.id


def _flag(name: str) -> Callable[[Value], bool]:
    return lambda value: bool(boolean(value, name))


def _one_of(name: str, kind: type[ClientType] | type[SecurityProfile]) -> Callable[[Value], Any]:
    def read(value: Value) -> Any:
        try:
            return kind(str(value))
        except ValueError:
            raise Malformed(f"{name} must be one of {', '.join(kind)}") from None

    return read


def _json_web_key(value: Value) -> dict[str, Any] | None:
    if value is None or value == "":
        return None
    if not isinstance(value, dict) or "d" in value or "k" in value:
        raise Malformed("public_jwk must be a public JSON Web Key")
    return dict(value)


_COLUMN: Mapping[str, str] = {"security_profile": "profile"}
_OPERATOR: Mapping[str, Callable[[Value], Any]] = {
    "trusted": _flag("trusted"),
    "force_token_reuse": _flag("force_token_reuse"),
    "replace_tokens": _flag("replace_tokens"),
    "internal_service": _flag("internal_service"),
    "may_introspect": _flag("may_introspect"),
    "client_type": _one_of("client_type", ClientType),
    "security_profile": _one_of("security_profile", SecurityProfile),
    "public_jwk": _json_web_key,
    "public_jwk_url": lambda value: text(value, "public_jwk_url") or None,
    "authorized_flows": lambda value: text_list(value, "authorized_flows") or (),
    "service_user_id": lambda value: None if value in (None, "") else value,
    "throttle": read_throttle,
}
_GROUP = {"resource": "developer_keys", "resource_name": "Developer Keys"}

ROUTES = (
    ApiRoute(
        verb="GET", template="/api/v1/accounts/:account_id/developer_keys", handler=list_keys,
        summary="List developer keys", **_GROUP,
    ),
    ApiRoute(
        verb="POST", template="/api/v1/accounts/:account_id/developer_keys", handler=create_key,
        summary="Create a developer key", **_GROUP,
    ),
    ApiRoute(
        verb="PUT", template="/api/v1/developer_keys/:id", handler=update_key,
        summary="Update a developer key", **_GROUP,
    ),
    ApiRoute(
        verb="DELETE", template="/api/v1/developer_keys/:id", handler=delete_key,
        summary="Delete a developer key", **_GROUP,
    ),
    ApiRoute(
        verb="POST", template="/api/v1/developer_keys/:id/regenerate_secret", handler=regenerate_secret,
        summary="Replace a developer key's secret", **_GROUP,
    ),
    ApiRoute(
        verb="PATCH", template="/api/keystead/v1/developer_keys/:id", handler=set_operator_flags,
        summary="Set a key's operator flags", resource="keystead", resource_name="Keystead",
    ),
)  # fmt: skip
