"""What does somebody ask for? Read from a form, a document, or lines that name calls with their reasons."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from keystead.actions.documents import Unreadable, parsed
from keystead.core.catalogue import Catalogue
from keystead.core.errors import Invalid
from keystead.core.manifests import LINKS, VERSION, AskedScope, Manifest, read_manifest
from keystead.core.scope_lists import read_scope_list
from keystead.core.scopes import VERBS

MOST_LINES: Final = 500
LARGEST_MANIFEST: Final = 512 * 1024


def manifest_from_document(raw: bytes) -> Manifest:
    """Return the manifest that a document holds. Raises Invalid."""
    if len(raw) > LARGEST_MANIFEST:
        raise Invalid({"manifest": [f"must be of at most {LARGEST_MANIFEST} octets"]})
    try:
        document = parsed(raw)
    except Unreadable as wrong:
        raise Invalid({"manifest": [str(wrong)]}) from None
    return read_manifest(document)


def manifest_from_form(form: Mapping[str, Any], catalogue: Catalogue) -> Manifest:
    """Return the manifest that the fields of a form make together. Raises Invalid."""
    links = {name: _text(form, name) for name in LINKS}
    document: dict[str, Any] = {
        "manifest_version": VERSION,
        "name": _text(form, "name"),
        "redirect_uris": _text(form, "redirect_uris").split(),
        "scopes": [
            {"scope": one.scope, "reason": one.reason} for one in asked_scopes(_text(form, "scopes"), catalogue)
        ],
        "links": {name: url for name, url in links.items() if url},
    }
    for name in ("vendor", "contact", "description"):
        if text := _text(form, name):
            document[name] = text
    return read_manifest(document)


def asked_scopes(text: str, catalogue: Catalogue) -> Sequence[AskedScope]:
    """Return the scopes that lines name, each followed by its reason. Raises Invalid, naming the lines that do not.

    A line is ``url:GET|/api/v1/courses/:id to show the title``, or begins as ``GET /api/v1/courses/{id}``.
    """
    found: dict[str, AskedScope] = {}
    wrong: list[str] = []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise Invalid({"scopes": [f"must be at most {MOST_LINES} lines"]})
    for line in lines:
        call, reason = _split(line)
        read = read_scope_list(call, catalogue)
        scope = call if catalogue.find(call) is not None else (read.scopes[0] if len(read.scopes) == 1 else None)
        if scope is None:
            wrong.append(f"{line[:120]}: names no call that is known")
        elif not reason:
            wrong.append(f"{line[:120]}: needs a reason behind it")
        else:
            found.setdefault(scope, AskedScope(scope=scope, reason=reason))
    if wrong:
        raise Invalid({"scopes": wrong[:20]})
    return tuple(found.values())


def as_lines(scopes: Sequence[AskedScope]) -> str:
    """Return scopes with their reasons as ``asked_scopes`` reads them."""
    return "\n".join(f"{one.scope} {one.reason}" for one in scopes)


def _split(line: str) -> tuple[str, str]:
    words = line.split()
    many = 2 if words[0].upper() in VERBS and len(words) > 1 else 1
    return " ".join(words[:many]), " ".join(words[many:]).lstrip("-–—:# ").strip()


def _text(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name)
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""
