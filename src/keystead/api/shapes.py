"""How does a thing of ours look on Canvas's wire? The only place that knows Canvas's words for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keystead.core.accounts import Account, AccountPath
from keystead.core.bindings import Binding
from keystead.core.ids import global_id
from keystead.core.instants import Instant, iso
from keystead.core.keys import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """A key with what its object shows besides: seen from ``context`` by somebody who may see the secret or not."""

    key: Key
    context: AccountPath
    owner: Account | None
    binding: Binding | None
    shows_secret: bool
    masks_secret: bool = False
    token_count: int = 0
    last_used_at: Instant | None = None
    redirects_used: Mapping[str, Instant] | None = None
    checks_test_cluster: bool = False


def key_object(view: KeyView, *, inherited: bool = False, listed: bool = False) -> dict[str, Any]:
    """Return the DeveloperKey object (docs/canvas-compat.md, DeveloperKey)."""
    shown = _inherited_members(view) if inherited else _full_members(view)
    if listed and not inherited:
        shown |= {"tool_configuration": None, "lti_registration": None}
    if view.checks_test_cluster:
        shown["test_cluster_only"] = view.key.test_cluster_only
    if view.binding is not None:
        shown["developer_key_account_binding"] = binding_object(view.binding, view.context.account)
    return shown


def binding_object(binding: Binding, context: Account) -> dict[str, Any]:
    """Return the binding object; all its ids are global."""
    return {
        "id": global_id(binding.id),
        "account_id": global_id(binding.account_id),
        "developer_key_id": global_id(binding.key_id),
        "workflow_state": str(binding.state),
        "account_owns_binding": binding.account_id == context.id,
    }


def with_string_ids(value: Any) -> Any:
    """Return the value with every ``id`` and ``*_id`` as text, however deep."""
    if isinstance(value, dict):
        return {
            name: str(item) if _is_id(name) and _is_number(item) else with_string_ids(item)
            for name, item in value.items()
        }
    return [with_string_ids(item) for item in value] if isinstance(value, list) else value


def _is_id(name: str) -> bool:
    return name == "id" or name.endswith("_id")


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _common_members(key: Key) -> dict[str, Any]:
    return {
        "name": key.name,
        "created_at": iso(key.created_at),
        "icon_url": key.icon_url,
        "workflow_state": str(key.state),
        "id": global_id(key.id),
        "lti_registration_id": None,
        "is_lti_key": False,
        "is_lti_registration": False,
    }


def _inherited_members(view: KeyView) -> dict[str, Any]:
    shown = _common_members(view.key) | {"inherited_from": "global" if view.key.is_global else "federated_parent"}
    if view.context.is_consortium_child:
        shown["inherited_to"] = "child_account"
    return shown


def _full_members(view: KeyView) -> dict[str, Any]:
    key = view.key
    shown = _common_members(key) | {
        "updated_at": iso(key.updated_at),
        "email": key.email,
        "user_id": None,
        "user_name": None,
        "notes": key.notes,
        "scopes": list(key.scopes),
        "require_scopes": key.require_scopes,
        "client_credentials_audience": key.client_credentials_audience,
        "account_name": None if view.owner is None or view.owner.is_site_admin else view.owner.name,
        "visible": key.visible,
    }
    return shown | _secret_members(view) if view.shows_secret else shown


def _secret_members(view: KeyView) -> dict[str, Any]:
    key = view.key
    used = view.redirects_used or {}
    return {
        "api_key": f"{key.secret.hint}..." if view.masks_secret else key.secret.reveal(),
        "redirect_uri": key.redirect_uri,
        "redirect_uris": "\n".join(key.redirect_uris),
        "all_redirect_uris": [
            {"redirect_uri": uri, "last_used_at": iso(used.get(uri)), "workflow_state": "active"}
            for uri in sorted(key.redirect_uris)
        ],
        "access_token_count": view.token_count,
        "last_used_at": iso(view.last_used_at),
        "unified_tool_id": key.unified_tool_id,
        "vendor_code": key.vendor_code,
        "public_jwk": key.public_jwk,
        "public_jwk_url": key.public_jwk_url,
        "allow_includes": key.allow_includes,
    }
