"""Who is told of which change, and of how much of it?"""

from dataclasses import replace

import pytest

from keystead.core.notices import Draft, Happened, NoticeKind, drafts_of

pytestmark = pytest.mark.pure

HAPPENED = Happened(
    audit_id=9, action="key.updated", key_id=4, key_name="Tool", root_id=2, owner_id=2, has_heirs=False,
    before={"scopes": ["a"], "notes": "x"}, after={"scopes": ["a", "b"], "notes": "y", "tokens_ended": 3},
    because="why", person="Ada",
)  # fmt: skip


def kinds(happened: Happened) -> list[tuple[NoticeKind, int | None, int | None]]:
    """Return what is told to whom."""
    return [(draft.kind, draft.account_id, draft.heirs_of) for draft in drafts_of(happened)]


@pytest.mark.parametrize(
    ("action", "own", "above"),
    [
        ("binding.set", NoticeKind.KEY_STATE, NoticeKind.INHERITED_STATE),
        ("key.updated", NoticeKind.KEY_CHANGED, NoticeKind.INHERITED_CHANGED),
        ("key.deleted", NoticeKind.KEY_DELETED, NoticeKind.INHERITED_DELETED),
        ("key.created", NoticeKind.KEY_MADE, None),
        ("key.secret_rotated", NoticeKind.KEY_SECRET, None),
        ("key.tokens_ended", NoticeKind.TOKENS_ENDED, None),
        ("policy.suspended", NoticeKind.AUTOMATIC, None),
        ("key.secret_shown", None, None),
        ("session.signed_in", None, None),
    ],
)
def test_owners_and_heirs_are_told_what_concerns_them(
    action: str, own: NoticeKind | None, above: NoticeKind | None
) -> None:
    happened = replace(HAPPENED, action=action, has_heirs=True)
    expected: list[tuple[NoticeKind, int | None, int | None]] = []
    if own is not None:
        expected.append((own, 2, None))
    if above is not None:
        expected.append((above, None, 4))

    assert kinds(happened) == expected
    assert kinds(replace(happened, has_heirs=False)) == expected[: 1 if own else 0]


def test_heirs_learn_neither_who_did_it_nor_what_is_not_theirs() -> None:
    own, heirs = drafts_of(replace(HAPPENED, has_heirs=True))

    assert (own.told["person"], own.told["because"], own.told["after"]["notes"]) == ("Ada", "why", "y")
    assert heirs == Draft(
        kind=NoticeKind.INHERITED_CHANGED,
        account_id=None,
        heirs_of=4,
        told={
            "action": "key.updated",
            "key_name": "Tool",
            "before": {"scopes": ["a"]},
            "after": {"scopes": ["a", "b"]},
        },
    )


def test_heirs_are_told_that_an_owner_changed_and_not_to_whom() -> None:
    happened = replace(HAPPENED, has_heirs=True, before={"email": "old@v.test"}, after={"email": "new@v.test"})

    _, heirs = drafts_of(happened)

    assert heirs.told["after"] == {"email": "changed"}
    assert heirs.told["before"] == {}


def test_heirs_are_not_told_of_what_does_not_concern_them() -> None:
    happened = replace(HAPPENED, has_heirs=True, after={"notes": "y"})

    assert kinds(happened) == [(NoticeKind.KEY_CHANGED, 2, None)]
