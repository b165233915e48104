"""What do the parameters of a key's envelope mean? Read as Canvas does, for API and pages alike."""

from typing import Any

from keystead.core.keys import normal_redirect_uri
from keystead.core.parameters import Tree, Value, boolean, text, text_list

_TEXTS = (
    "name", "email", "icon_url", "notes", "vendor_code", "redirect_uri", "unified_tool_id",
    "client_credentials_audience",
)  # fmt: skip
_BLANK_IS_NULL = frozenset({"icon_url", "redirect_uri", "unified_tool_id", "client_credentials_audience"})
_FLAGS = ("require_scopes", "allow_includes", "auto_expire_tokens", "visible", "test_cluster_only")


def key_values(wanted: Tree) -> dict[str, Any]:
    """Return the attributes that an envelope sets, read and normalised; unknown ones are passed over.

    Raises InvalidParameter.
    """
    values: dict[str, Any] = {}
    for name in _TEXTS:
        if name in wanted:
            given = text(wanted[name], name)
            blank = given is None or not given.strip()
            values[name] = None if blank and (given is None or name in _BLANK_IS_NULL) else given
    for name in _FLAGS:
        if name in wanted:
            values[name] = bool(boolean(wanted[name], name))
    if "redirect_uris" in wanted:
        values["redirect_uris"] = _uris(wanted["redirect_uris"])
    if values.get("redirect_uri"):
        values["redirect_uri"] = normal_redirect_uri(values["redirect_uri"])
    if wanted.get("scopes") not in (None, ""):
        values["scopes"] = tuple(dict.fromkeys(text_list(wanted["scopes"], "scopes") or ()))
    return values


def _uris(value: Value) -> tuple[str, ...]:
    """Return redirect URIs given as a list, or as text separated by white space; each once, in order."""
    given = (value,) if isinstance(value, str) else text_list(value, "redirect_uris") or ()
    return tuple(dict.fromkeys(normal_redirect_uri(uri) for entry in given for uri in entry.split()))
