"""Who asked for a key, who has agreed, and is that enough?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from keystead.core.ids import AccountId, KeyId, UserId
from keystead.core.instants import Instant
from keystead.core.manifests import Manifest, ManifestChange, compare


class RequestKind(StrEnum):
    """A new key, or a change of one that is there."""

    NEW = "new"
    CHANGE = "change"


class RequestState(StrEnum):
    """Where a request stands. Only an open one can change."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class StepKind(StrEnum):
    """What happened to a request."""

    ASKED = "asked"
    COMMENTED = "commented"
    NARROWED = "narrowed"
    CHANGED = "changed"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened. ``told`` holds what changed, and whether the request grew by it."""

    id: int
    kind: StepKind
    user_id: UserId | None
    at: Instant
    words: str | None = None
    person: str | None = None
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """A request for a key, or for a change of one.

    ``before`` is what the key was when a change was asked for, ``taken_out`` are scopes that reviewers narrowed away,
    ``source`` is where the manifest was fetched from.
    """

    id: int
    account_id: AccountId
    kind: RequestKind
    state: RequestState
    user_id: UserId
    manifest: Manifest
    created_at: Instant
    updated_at: Instant
    person: str | None = None
    key_id: KeyId | None = None
    before: Manifest | None = None
    taken_out: tuple[str, ...] = ()
    source: str | None = None
    steps: tuple[Step, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it still waits."""
        return self.state is RequestState.OPEN

    @property
    def effective(self) -> Manifest:
        """What the key would get: the manifest without the scopes taken out."""
        kept = tuple(one for one in self.manifest.scopes if one.scope not in self.taken_out)
        return replace(self.manifest, scopes=kept)

    @property
    def change(self) -> ManifestChange | None:
        """What would change of the key; None for a new one."""
        return None if self.before is None else compare(self.before, self.effective)

    @property
    def agreed(self) -> tuple[UserId, ...]:
        """Who has agreed to all that is asked for now."""
        return agreed_by(self.steps)


def agreed_by(steps: Iterable[Step]) -> tuple[UserId, ...]:
    """Return who agreed since the request last grew, each once: a yes to less is no yes to more."""
    found: dict[UserId, None] = {}
    for step in steps:
        if step.kind is StepKind.CHANGED and step.told.get("grew"):
            found.clear()
        elif step.kind is StepKind.APPROVED and step.user_id is not None:
            found[step.user_id] = None
    return tuple(found)


def needed_yeses(request: KeyRequest, *, two_people: bool) -> int:
    """Return how many must agree. A change by which nothing grows needs one, whatever the risk."""
    grows = request.change is None or request.change.grew
    return 2 if two_people and grows else 1


def objection_to_yes(request: KeyRequest, user_id: UserId, needed: int) -> str | None:
    """Return why this person's yes does not count, None when it does. Where two must agree, the asker is none of them.

    ``user_id`` is the person really acting, masks aside.
    """
    if not request.is_open:
        return "is not open any more"
    if user_id in request.agreed and len(request.agreed) < needed:
        return "has this person's agreement already"
    if needed > 1 and user_id in people_who_ask(request):
        return "needs the agreement of two people who did not ask for it"
    return None


def people_who_ask(request: KeyRequest) -> Sequence[UserId]:
    """Return who asked, and who changed what is asked for; putting back what was narrowed away asks for nothing."""
    changed = (
        step.user_id
        for step in request.steps
        if step.kind is StepKind.CHANGED and step.user_id is not None and "put_back" not in step.told
    )
    return tuple(dict.fromkeys((request.user_id, *changed)))
