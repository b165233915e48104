"""Which requests for keys are there, and what happened to them?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from keystead.core.accounts import Account
from keystead.core.key_requests import KeyRequest, RequestKind, RequestState, Step, StepKind
from keystead.core.manifests import stored_manifest
from keystead.storage.read.pages import Listing, Window, listing
from keystead.storage.request_schema import key_requests, request_steps
from keystead.storage.schema import users
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSearch:
    """Which requests of an account are wanted; ``user_id`` are those that one person made."""

    state: RequestState | None = None
    user_id: int | None = None
    key_id: int | None = None


def find_request(
    tx: Transaction, account: Account, request_id: int | None, *, for_change: bool = False
) -> KeyRequest | None:
    """Return a request of an account with its steps, or None. ``for_change`` holds it until the transaction ends."""
    if for_change:
        tx.connection.execute(select(key_requests.c.id).where(key_requests.c.id == request_id).with_for_update())
    wanted = (key_requests.c.id == request_id) & (key_requests.c.account_id == account.id)
    row = tx.connection.execute(_chosen(wanted)).first()
    return None if row is None else _request(row, steps_of(tx, (row.id,)).get(row.id, ()))


def list_requests(tx: Transaction, account: Account, search: RequestSearch, window: Window) -> Listing[KeyRequest]:
    """Return the requests of an account that are wanted, newest first, with their steps."""
    found = listing(
        tx, _chosen(*_wanted(account, search)), window, order=(key_requests.c.id.desc(),), make=lambda row: row
    )  # fmt: skip
    steps = steps_of(tx, [row.id for row in found.items])
    return Listing(items=tuple(_request(row, steps.get(row.id, ())) for row in found.items), total=found.total)


def count_open(tx: Transaction, account: Account, user_id: int) -> int:
    """Return how many requests of one person wait."""
    wanted = _wanted(account, RequestSearch(state=RequestState.OPEN, user_id=user_id))
    return int(tx.connection.execute(select(func.count()).select_from(key_requests).where(*wanted)).scalar_one())


def steps_of(tx: Transaction, request_ids: Sequence[int]) -> dict[int, tuple[Step, ...]]:
    """Return what happened to these requests, in order."""
    chosen = (
        select(request_steps, users.c.name.label("person"))
        .outerjoin(users, users.c.id == request_steps.c.user_id)
        .where(request_steps.c.request_id.in_(request_ids))
        .order_by(request_steps.c.id)
    )
    found: dict[int, list[Step]] = {}
    for row in tx.connection.execute(chosen):
        step = Step(
            id=row.id, kind=StepKind(row.kind), user_id=row.user_id, at=row.at, words=row.words, person=row.person,
            told=row.told,
        )  # fmt: skip
        found.setdefault(row.request_id, []).append(step)
    return {request_id: tuple(steps) for request_id, steps in found.items()}


def _chosen(*where: ColumnElement[bool]) -> Select[Any]:
    return (
        select(key_requests, users.c.name.label("person"))
        .outerjoin(users, users.c.id == key_requests.c.user_id)
        .where(*where)
    )


def _wanted(account: Account, search: RequestSearch) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [key_requests.c.account_id == account.id]
    if search.state is not None:
        wanted.append(key_requests.c.state == search.state)
    if search.user_id is not None:
        wanted.append(key_requests.c.user_id == search.user_id)
    if search.key_id is not None:
        wanted.append(key_requests.c.key_id == search.key_id)
    return wanted


def _request(row: Row[Any], steps: tuple[Step, ...]) -> KeyRequest:
    return KeyRequest(
        id=row.id,
        account_id=row.account_id,
        kind=RequestKind(row.kind),
        state=RequestState(row.state),
        user_id=row.user_id,
        person=row.person,
        key_id=row.key_id,
        manifest=stored_manifest(row.manifest),
        before=None if row.before is None else stored_manifest(row.before),
        taken_out=tuple(row.taken_out),
        source=row.source,
        created_at=row.created_at,
        updated_at=row.updated_at,
        steps=steps,
    )
