"""What does a vendor ask for, and why? A manifest: a JSON document with a reason for each scope."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from keystead.core.errors import Invalid
from keystead.core.keys import LONGEST_REDIRECT_URI, MOST_REDIRECT_URIS, is_redirect_uri, normal_redirect_uri

VERSION: Final = 1
LONGEST_NAME: Final = 255
LONGEST_REASON: Final = 2_000
LONGEST_DESCRIPTION: Final = 5_000
MOST_SCOPES: Final = 2_000
LINKS: Final = ("website", "privacy", "security", "accessibility", "support")
_HIDDEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")
_LINK: Final = re.compile(r"https://[!#-;=?-\[\]-~]{1,1990}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedScope:
    """One scope, and why the integration needs it."""

    scope: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a key is to be, in the vendor's words."""

    name: str
    redirect_uris: tuple[str, ...] = ()
    scopes: tuple[AskedScope, ...] = ()
    vendor: str | None = None
    contact: str | None = None
    description: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def scope_names(self) -> tuple[str, ...]:
        """The scopes without their reasons."""
        return tuple(one.scope for one in self.scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestChange:
    """What one manifest asks for that another did not, and the other way round."""

    scopes_added: tuple[AskedScope, ...] = ()
    scopes_removed: tuple[str, ...] = ()
    reasons_changed: tuple[AskedScope, ...] = ()
    uris_added: tuple[str, ...] = ()
    uris_removed: tuple[str, ...] = ()
    told_anew: tuple[tuple[str, str | None, str | None], ...] = ()

    @property
    def grew(self) -> bool:
        """Whether it asks for more: a scope, or another place where codes go."""
        return bool(self.scopes_added or self.uris_added)

    @property
    def is_empty(self) -> bool:
        """Whether both ask for the same in the same words."""
        return self == ManifestChange()


def read_manifest(document: object) -> Manifest:
    """Return the manifest that a document holds. Raises Invalid, naming every member that is wrong."""
    if not isinstance(document, Mapping):
        raise Invalid({"manifest": ["must be a JSON object"]})
    problems: dict[str, list[str]] = {}
    if document.get("manifest_version") != VERSION or isinstance(document.get("manifest_version"), bool):
        problems["manifest_version"] = [f"must be {VERSION}"]
    if unknown := [str(name) for name in document if name not in SCHEMA["properties"]]:
        problems["manifest"] = [f"has members that are not known: {', '.join(unknown[:5])}"]
    read = Manifest(
        name=_line(document, "name", problems) or "",
        redirect_uris=_uris(document.get("redirect_uris", []), problems),
        scopes=_scopes(document.get("scopes", []), problems),
        vendor=_line(document, "vendor", problems, required=False),
        contact=_line(document, "contact", problems, required=False),
        description=_text(document.get("description"), "description", LONGEST_DESCRIPTION, problems),
        links=_links(document.get("links", {}), problems),
    )
    if read.contact is not None and not _ADDRESS.fullmatch(read.contact):
        problems["contact"] = ["must be an e-mail address"]
    if problems:
        raise Invalid(problems)
    return read


def told_manifest(manifest: Manifest) -> dict[str, Any]:
    """Return a manifest as ``read_manifest`` reads it."""
    told: dict[str, Any] = {
        "manifest_version": VERSION,
        "name": manifest.name,
        "redirect_uris": list(manifest.redirect_uris),
        "scopes": [{"scope": one.scope, "reason": one.reason} for one in manifest.scopes],
        "links": dict(manifest.links),
    }
    more = {"vendor": manifest.vendor, "contact": manifest.contact, "description": manifest.description}
    return told | {name: text for name, text in more.items() if text is not None}


def stored_manifest(told: Mapping[str, Any]) -> Manifest:
    """Return the manifest that ``told_manifest`` told, unchecked: a key may hold what no new manifest may ask for."""
    return Manifest(
        name=told["name"],
        redirect_uris=tuple(told["redirect_uris"]),
        scopes=tuple(AskedScope(scope=one["scope"], reason=one["reason"]) for one in told["scopes"]),
        vendor=told.get("vendor"),
        contact=told.get("contact"),
        description=told.get("description"),
        links=dict(told["links"]),
    )


def compare(before: Manifest, after: Manifest) -> ManifestChange:
    """Return what changes from one manifest to another."""
    reasons = {one.scope: one.reason for one in before.scopes}
    names = ("name", "vendor", "contact", "description")
    told = [(name, getattr(before, name), getattr(after, name)) for name in names]
    told += [(f"links.{name}", before.links.get(name), after.links.get(name)) for name in LINKS]
    wanted = set(after.scope_names)
    return ManifestChange(
        scopes_added=tuple(one for one in after.scopes if one.scope not in reasons),
        scopes_removed=tuple(scope for scope in before.scope_names if scope not in wanted),
        reasons_changed=tuple(
            one for one in after.scopes if one.scope in reasons and reasons[one.scope] != one.reason
        ),
        uris_added=tuple(uri for uri in after.redirect_uris if uri not in before.redirect_uris),
        uris_removed=tuple(uri for uri in before.redirect_uris if uri not in after.redirect_uris),
        told_anew=tuple(change for change in told if change[1] != change[2]),
    )  # fmt: skip


def told_change(change: ManifestChange) -> dict[str, Any]:
    """Return a change as an object for JSON."""
    return {
        "grew": change.grew,
        "scopes_added": [{"scope": one.scope, "reason": one.reason} for one in change.scopes_added],
        "scopes_removed": list(change.scopes_removed),
        "reasons_changed": [{"scope": one.scope, "reason": one.reason} for one in change.reasons_changed],
        "redirect_uris_added": list(change.uris_added),
        "redirect_uris_removed": list(change.uris_removed),
        "told_anew": [{"member": name, "before": old, "after": new} for name, old, new in change.told_anew],
    }


def require_known(manifest: Manifest, unknown: Callable[[Sequence[str]], Sequence[str]]) -> None:
    """Raise Invalid when a scope is none that a key may hold."""
    if missing := unknown(manifest.scope_names):
        raise Invalid({"scopes": [f"cannot contain {', '.join(missing[:20])}"]})


def _line(
    document: Mapping[str, Any], name: str, problems: dict[str, list[str]], *, required: bool = True
) -> str | None:
    value = document.get(name)
    if value is None and not required:
        return None
    if not isinstance(value, str) or not value.strip():
        problems[name] = ["must be a text"]
        return None
    if len(value) > LONGEST_NAME or "\n" in value or _HIDDEN.search(value):
        problems[name] = [f"must be one line of at most {LONGEST_NAME} characters"]
    return value.strip()


def _text(value: object, name: str, longest: int, problems: dict[str, list[str]]) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest or _HIDDEN.search(value):
        problems[name] = [f"must be a text of at most {longest} characters"]
        return None
    return value.strip() or None


def _uris(given: object, problems: dict[str, list[str]]) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(uri, str) for uri in given):
        problems["redirect_uris"] = ["must be a list of texts"]
        return ()
    uris = tuple(dict.fromkeys(normal_redirect_uri(uri) for uri in given))
    if len(uris) > MOST_REDIRECT_URIS:
        problems["redirect_uris"] = [f"must be at most {MOST_REDIRECT_URIS}"]
    elif not all(is_redirect_uri(uri) and len(uri) <= LONGEST_REDIRECT_URI for uri in uris):
        problems["redirect_uris"] = ["is not a valid URI"]
    return uris


def _scopes(given: object, problems: dict[str, list[str]]) -> tuple[AskedScope, ...]:
    if not isinstance(given, list) or len(given) > MOST_SCOPES:
        problems["scopes"] = [f"must be a list of at most {MOST_SCOPES}"]
        return ()
    found: dict[str, AskedScope] = {}
    for number, one in enumerate(given):
        scope = one.get("scope") if isinstance(one, Mapping) else None
        reason = one.get("reason") if isinstance(one, Mapping) else None
        if not isinstance(scope, str) or not scope or " " in scope or _HIDDEN.search(scope):
            problems.setdefault("scopes", []).append(f"{number}: needs a scope")
        elif not isinstance(reason, str) or not reason.strip() or len(reason) > LONGEST_REASON:
            problems.setdefault("scopes", []).append(f"{scope}: needs a reason of at most {LONGEST_REASON} characters")
        elif _HIDDEN.search(reason):
            problems.setdefault("scopes", []).append(f"{scope}: has a reason that cannot be shown")
        elif scope in found:
            problems.setdefault("scopes", []).append(f"{scope}: stands there twice")
        else:
            found[scope] = AskedScope(scope=scope, reason=" ".join(reason.split()))
    return tuple(found.values())


def _links(given: object, problems: dict[str, list[str]]) -> Mapping[str, str]:
    if not isinstance(given, Mapping) or not all(name in LINKS for name in given):
        problems["links"] = [f"must be an object with {', '.join(LINKS)}"]
        return {}
    if not all(isinstance(url, str) and _LINK.fullmatch(url) for url in given.values()):
        problems["links"] = ["must be https addresses"]
        return {}
    return {name: given[name] for name in LINKS if name in given}


SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Manifest of an integration",
    "description": "What an integration asks an institution for, and why.",
    "type": "object",
    "required": ["manifest_version", "name", "scopes"],
    "additionalProperties": False,
    "properties": {
        "manifest_version": {"const": VERSION},
        "name": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "description": "As people will see it."},
        "vendor": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "description": "Who makes it."},
        "contact": {"type": "string", "maxLength": LONGEST_NAME, "description": "An e-mail address for questions."},
        "description": {"type": "string", "maxLength": LONGEST_DESCRIPTION, "description": "What it does, for whom."},
        "redirect_uris": {
            "type": "array",
            "maxItems": MOST_REDIRECT_URIS,
            "items": {"type": "string", "maxLength": LONGEST_REDIRECT_URI},
            "description": "Where people are sent back to after they agree.",
        },
        "scopes": {
            "type": "array",
            "maxItems": MOST_SCOPES,
            "items": {
                "type": "object",
                "required": ["scope", "reason"],
                "properties": {
                    "scope": {"type": "string", "description": "Such as url:GET|/api/v1/courses/:id."},
                    "reason": {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON},
                },
            },
        },
        "links": {
            "type": "object",
            "additionalProperties": False,
            "properties": {name: {"type": "string", "pattern": "^https://"} for name in LINKS},
        },
    },
}
"""The JSON Schema of a manifest. ``read_manifest`` is stricter: it knows what an address is."""
