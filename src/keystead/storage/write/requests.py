"""Stores requests for keys, and what happens to them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, update

from keystead.core.key_requests import StepKind
from keystead.storage.request_schema import key_requests, request_steps
from keystead.storage.transaction import Transaction


def insert_request(tx: Transaction, values: Mapping[str, Any]) -> int:
    """Store a request; return its id."""
    row = {**values, "created_at": tx.now, "updated_at": tx.now}
    return int(tx.connection.execute(insert(key_requests).values(row).returning(key_requests.c.id)).scalar_one())


def update_request(tx: Transaction, request_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of a request."""
    row = {**values, "updated_at": tx.now}
    tx.connection.execute(update(key_requests).where(key_requests.c.id == request_id).values(row))


def insert_step(
    tx: Transaction,
    request_id: int,
    kind: StepKind,
    user_id: int | None,
    *,
    words: str | None = None,
    told: Mapping[str, Any] | None = None,
) -> None:
    """Store what happened to a request."""
    row = {
        "request_id": request_id, "kind": kind, "user_id": user_id, "at": tx.now, "words": words,
        "told": dict(told or {}),
    }  # fmt: skip
    tx.connection.execute(insert(request_steps).values(row))
