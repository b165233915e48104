"""Which APIs stand behind the gateway besides the main one, and what changes when one is described anew?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from keystead.core.catalogue import Entry
from keystead.core.instants import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedApi:
    """An API with its scopes. ``prefix`` is where it stands here, ``upstream`` the origin that serves it.

    With ``strips_prefix`` the upstream gets paths without the prefix. ``digest`` is that of the document.
    An empty ``upstream`` stays what it is: for asking what a description would change.
    """

    name: str
    prefix: str
    upstream: str
    strips_prefix: bool
    digest: str
    source: str
    entries: tuple[Entry, ...]
    loaded_at: Instant

    def holds(self, path: str) -> bool:
        """Whether a path stands under this API's prefix."""
        return path.startswith(self.prefix) and path[len(self.prefix) :][:1] in ("", "/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a new description changes: scopes by their text. ``changed`` says what of an operation is told anew."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.added or self.removed or self.changed)


def difference(before: Iterable[Entry], after: Iterable[Entry]) -> Difference:
    """Return what of the scopes is new, gone, or means something else than before."""
    old, new = ({entry.scope: entry for entry in entries} for entries in (before, after))
    return Difference(
        added=tuple(scope for scope in new if scope not in old),
        removed=tuple(scope for scope in old if scope not in new),
        changed=tuple(
            (scope, change) for scope, entry in new.items() if scope in old for change in _changes(old[scope], entry)
        ),
    )


def moved(before: LoadedApi | None, after: LoadedApi) -> tuple[str, ...]:
    """Return what is new about where all calls of an API go; its scopes then mean something else, text for text."""
    if before is None or not after.upstream:
        return ()
    moves = []
    if before.upstream != after.upstream:
        moves.append(f"upstream {before.upstream} → {after.upstream}")
    if before.strips_prefix != after.strips_prefix:
        moves.append("the prefix is taken off" if after.strips_prefix else "the prefix stays on")
    return tuple(moves)


def api_of(apis: Sequence[LoadedApi], path: str) -> LoadedApi | None:
    """Return the API under whose prefix a path stands, None for the main one."""
    return next((api for api in apis if api.holds(path)), None)


def _changes(old: Entry, new: Entry) -> list[str]:
    changes = []
    if old.sensitivity != new.sensitivity:
        changes.append(f"sensitivity {old.sensitivity} → {new.sensitivity}")
    if old.summary != new.summary:
        changes.append(f"summary {old.summary!r} → {new.summary!r}")
    if old.deprecated != new.deprecated:
        changes.append("deprecated" if new.deprecated else "no longer deprecated")
    return changes
