"""Remembered refusals: written in the background, bounded, and not to be pushed out by strangers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from keystead.core.decision import Deny
from keystead.core.instants import DAY, Instant
from keystead.core.reasons import Reason
from keystead.core.routes import NO_MATCH
from keystead.gateway.call import ApiCall
from keystead.gateway.refusals import Refusal
from keystead.gateway.verdicts import Denied
from keystead.storage import refusals as module
from keystead.storage.refusals import MOST_STRANGERS_WAITING, Refusals
from keystead.storage.transaction import StorageUnavailable, engine_for
from keystead.storage.upgrades import make_usage_tables

CALL = ApiCall(
    verb="GET", path="/api/v1/x", plain="/api/v1/x", host="h", credential=None, exposed=False, as_user=None,
    match=NO_MATCH, plain_match=NO_MATCH,
)  # fmt: skip
UNKNOWN = Denied(decision=Deny(reason=Reason.TOKEN_UNKNOWN))


@pytest.fixture
def now() -> list[Instant]:
    return [Instant(1000 * DAY)]


@pytest.fixture
def kept(tmp_path: Path, now: list[Instant]) -> Any:
    engine = engine_for(f"sqlite:///{tmp_path}/uses.db")
    make_usage_tables(engine)
    yield Refusals(engine, lambda: now[0])
    engine.dispose()


def refused(kept: Refusals, address: str = "192.0.2.77") -> str:
    return kept.note(CALL, UNKNOWN, address=address, request_id="r")


def test_what_was_noted_is_found_at_once_and_addresses_are_cut(kept: Refusals) -> None:
    found = kept.find(refused(kept))
    six = kept.find(refused(kept, "2001:db8:1:2::3"))

    assert isinstance(found, Refusal)
    assert (found.reason, found.address, found.path) == ("token_unknown", "192.0.2.0/24", "/api/v1/x")
    assert six is not None
    assert six.address == "2001:db8:1::/48"
    assert kept.find("unknown") is None


def test_strangers_push_out_strangers_only(kept: Refusals) -> None:
    known = replace(module.Refusal(**dict.fromkeys(Refusal.__slots__)), id="known", token_id=7, at=Instant(1000 * DAY),  # type: ignore[arg-type]
                    verb="GET", path="/", host="h", reason="key_off", request_id="r")  # fmt: skip
    kept._waiting.append(known)
    first = refused(kept)
    for _ in range(MOST_STRANGERS_WAITING):
        refused(kept)

    assert kept.find("known") is not None
    assert kept.find(first) is None


def test_what_cannot_be_written_waits(kept: Refusals) -> None:
    waiting = refused(kept)
    with kept._engine.begin() as connection:
        connection.execute(text("ALTER TABLE refusals RENAME TO gone"))
    with pytest.raises(StorageUnavailable):
        kept.flush()
    with kept._engine.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO refusals"))

    assert kept.find(waiting) is not None


def test_old_ones_and_too_many_are_forgotten(
    kept: Refusals, now: list[Instant], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PRUNED_EVERY", 1)
    monkeypatch.setattr(module, "MOST_STRANGERS_KEPT", 3)
    old = refused(kept)
    kept.flush()
    now[0] = Instant(now[0] + 31 * DAY)
    newer = []
    for _ in range(6):
        now[0] = Instant(now[0] + 1)
        newer.append(refused(kept))
        kept.flush()

    assert kept.find(old) is None
    assert [kept.find(one) is not None for one in newer] == [False, False, False, True, True, True]
