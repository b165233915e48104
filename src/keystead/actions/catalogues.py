"""Loads and unloads the descriptions of APIs, and tells whom a new one concerns.

Scopes are texts: a token never gains by a new description. What vanishes from one stays on keys and tokens and covers
no call until it is described again, which is told; what is new is covered by nothing granted before
(docs/decisions/0014).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from urllib.parse import urlsplit

from keystead.actions import permits
from keystead.core.actors import Actor
from keystead.core.apis import Difference, LoadedApi, difference, moved
from keystead.core.errors import Forbidden, Invalid, NotFound
from keystead.core.instants import EPOCH
from keystead.core.openapi import prefix_problem, read_document
from keystead.storage.read import apis as read_apis
from keystead.storage.read.concerned import ConcernedKey, keys_with
from keystead.storage.transaction import Transaction
from keystead.storage.write import apis as write_apis
from keystead.storage.write.changes import record

LONGEST_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What loading a description would change, and for which keys.

    ``returning`` are scopes that are added and that keys still hold from an earlier description: tokens of those keys
    may be used for them again. ``moved`` says what is new about where all calls of the API go.
    """

    api: LoadedApi
    difference: Difference
    concerned: tuple[ConcernedKey, ...]
    returning: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()

    def told(self) -> dict[str, object]:
        """Return it as an object for JSON."""
        return {
            "added": list(self.difference.added),
            "removed": list(self.difference.removed),
            "changed": [list(change) for change in self.difference.changed],
            "returning": list(self.returning),
            "moved": list(self.moved),
            "keys": [asdict(key) for key in self.concerned],
        }


def described(
    name: str, prefix: str, upstream: str, document: object, raw: bytes, *, source: str, strips_prefix: bool
) -> tuple[LoadedApi, tuple[str, ...]]:
    """Return the API that a document describes, and the operations that no scope can name.

    An empty ``upstream`` leaves it as it is, which only a plan can. Raises OpenApiError, and Invalid for a name, a
    prefix or an upstream that are none.
    """
    problems: dict[str, list[str]] = {}
    if not name or len(name) > LONGEST_NAME or not all(letter.isalnum() or letter in "-_" for letter in name):
        problems["name"] = [f"must be letters, digits, '-' and '_', at most {LONGEST_NAME}"]
    if upstream and not _is_origin(upstream):
        problems["upstream"] = ["must be an origin such as https://library.example.edu, without a path"]
    if (problem := prefix_problem(prefix, {})) is not None:
        problems["prefix"] = [problem]
    if problems:
        raise Invalid(problems)
    read = read_document(document, prefix)
    api = LoadedApi(
        name=name, prefix=prefix, upstream=upstream.rstrip("/"), strips_prefix=strips_prefix,
        digest=sha256(raw).hexdigest(), source=source, entries=read.entries, loaded_at=EPOCH,
    )  # fmt: skip
    return api, read.skipped


def plan(tx: Transaction, api: LoadedApi) -> Plan:
    """Return what loading an API would change. Raises Invalid when its prefix overlaps another's."""
    loaded = read_apis.list_loaded(tx)
    others = {one.prefix: one.name for one in loaded if one.name != api.name}
    if (problem := prefix_problem(api.prefix, others)) is not None:
        raise Invalid({"prefix": [problem]})
    before = next((one for one in loaded if one.name == api.name), None)
    changes = difference(() if before is None else before.entries, api.entries)
    moves = moved(before, api)
    touched = {*changes.removed, *changes.added, *(scope for scope, _ in changes.changed)}
    concerned = keys_with(tx, [*touched, *_scopes(api)] if moves else list(touched))
    held = {scope for key in concerned for scope in key.scopes}
    return Plan(
        api=api,
        difference=changes,
        concerned=concerned,
        returning=tuple(scope for scope in changes.added if scope in held),
        moved=moves,
    )


def load(tx: Transaction, api: LoadedApi, *, acting: Actor, because: str | None) -> Plan:
    """Load an API in the place of what had its name. Raises Forbidden, Invalid."""
    _require_operator(tx, acting)
    if not api.upstream:
        raise Invalid({"upstream": ["is missing"]})
    write_apis.hold_apis(tx)
    before = read_apis.find_loaded(tx, api.name)
    planned = plan(tx, api)
    api = replace(api, loaded_at=tx.now)
    api_id = write_apis.store_api(tx, api)
    record(
        tx, "catalogue.loaded", "catalogue", api_id, acting=acting, because=because,
        before=None if before is None else _spoken(before),
        after=_spoken(api)
        | {
            "added": list(planned.difference.added),
            "removed": list(planned.difference.removed),
            "changed": [list(change) for change in planned.difference.changed],
            "returning": list(planned.returning),
            "moved": list(planned.moved),
            "keys": [key.id for key in planned.concerned],
        },
    )  # fmt: skip
    return planned


def unload(tx: Transaction, name: str, *, acting: Actor, because: str | None) -> tuple[ConcernedKey, ...]:
    """Unload an API: its scopes cover no call any more. Raises Forbidden, NotFound."""
    _require_operator(tx, acting)
    write_apis.hold_apis(tx)
    before = read_apis.find_loaded(tx, name)
    if before is None:
        raise NotFound
    concerned = keys_with(tx, _scopes(before))
    api_id = write_apis.unload_api(tx, name)
    record(
        tx, "catalogue.unloaded", "catalogue", api_id, acting=acting, because=because, before=_spoken(before)
    )  # fmt: skip
    return concerned


def _is_origin(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return (
        url.isprintable()
        and url.rstrip("/") == f"{parts.scheme}://{parts.netloc}"
        and (parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc)
    )


def _require_operator(tx: Transaction, acting: Actor) -> None:
    if not permits.is_site_administrator(tx, acting):
        raise Forbidden


def _scopes(api: LoadedApi) -> Sequence[str]:
    return [entry.scope for entry in api.entries]


def _spoken(api: LoadedApi) -> dict[str, object]:
    return {
        "name": api.name, "prefix": api.prefix, "upstream": api.upstream, "digest": api.digest,
        "strips_prefix": api.strips_prefix, "source": api.source, "scopes": len(api.entries),
    }  # fmt: skip
