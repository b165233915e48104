"""Is a form ours? The anti-forgery value in a page never looks the same twice, and only the session's own counts."""

import pytest

from keystead.core.ids import AccountId, UserId
from keystead.core.instants import Instant
from keystead.storage.read.sessions import Session
from keystead.web.sessions import form_value, proves_itself


def session(csrf: str) -> Session:
    """Return a session with this anti-forgery value."""
    return Session(
        id=1, account_id=AccountId(1), csrf=csrf, user_id=UserId(1), real_user_id=None, pending=None, flash=None,
        signed_in_at=None, created_at=Instant(0), expires_at=Instant(1),
    )  # fmt: skip


def test_the_value_in_a_page_differs_each_time_and_counts() -> None:
    ours = session("K" * 43)
    values = {form_value(ours) for _ in range(50)}

    assert len(values) == 50
    assert all(proves_itself(ours, value) for value in values)
    assert not any("K" * 3 in bytes.fromhex(value).decode("latin-1") for value in values)


@pytest.mark.parametrize(
    "presented", [None, "", "K", "K" * 42, "k" * 43, "g" * 172, "0" * 172, "é" * 172, 7, ["K" * 43]]
)
def test_no_other_value_counts(presented: object) -> None:
    assert not proves_itself(session("K" * 43), presented)


def test_the_cookies_value_counts_and_anothers_does_not() -> None:
    ours, theirs = session("K" * 43), session("L" * 43)

    assert proves_itself(ours, "K" * 43)
    assert not proves_itself(ours, form_value(theirs))
