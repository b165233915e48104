"""Notices are kept once, the very first ones too."""

import pytest

from keystead.core.instants import Instant
from keystead.core.notices import Draft, NoticeKind
from keystead.storage.notices import Addressee, Notices
from keystead.storage.transaction import Database
from keystead.storage.upgrades import make_usage_tables

pytestmark = pytest.mark.storage

DRAFT = Draft(kind=NoticeKind.AUTOMATIC, account_id=2, heirs_of=None, told={"action": "policy.review_due"})


def test_the_first_notices_of_an_installation_are_kept_and_only_once(database: Database) -> None:
    """On PostgreSQL the first ones were lost: a driver that does not count what it inserts looked like a rival."""
    make_usage_tables(database.engine)
    store = Notices(database.engine)

    kept = [store.keep([(1, 7, Instant(1), DRAFT)], before=before, now=5) for before in (-1, -1, 4)]

    assert kept == [True, False, False]
    assert store.keep([(2, 7, Instant(2), DRAFT)], before=5, now=6)
    assert [one.at for one in store.newest(Addressee(account_id=2), limit=9)[0]] == [2, 1]
    assert store.progress() == 6
