"""Is a manifest read as its schema says, and is it told what one asks for that another did not?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from keystead.core.errors import Invalid
from keystead.core.ids import AccountId, UserId
from keystead.core.instants import Instant
from keystead.core.key_requests import (
    KeyRequest,
    RequestKind,
    RequestState,
    Step,
    StepKind,
    agreed_by,
    needed_yeses,
    objection_to_yes,
)
from keystead.core.manifests import (
    SCHEMA,
    AskedScope,
    Manifest,
    compare,
    read_manifest,
    stored_manifest,
    told_change,
    told_manifest,
)

pytestmark = pytest.mark.pure

READ = {"scope": "url:GET|/api/v1/courses/:id", "reason": "to show its title"}
PLAIN: dict[str, Any] = {
    "manifest_version": 1, "name": "Timetables", "vendor": "Larch", "contact": "help@larch.test",
    "description": "Shows timetables.", "redirect_uris": ["https://larch.test/cb"], "scopes": [READ],
    "links": {"privacy": "https://larch.test/privacy"},
}  # fmt: skip
NOW = Instant(1)


def manifest(*scopes: str, uris: tuple[str, ...] = ("https://a.test/cb",)) -> Manifest:
    asked = tuple(AskedScope(scope=scope, reason="why") for scope in scopes)
    return Manifest(name="Tool", redirect_uris=uris, scopes=asked)


def step(kind: StepKind, person: int, **told: Any) -> Step:
    return Step(id=1, kind=kind, user_id=UserId(person), at=NOW, told=told)


def request(*steps: Step, before: Manifest | None = None, taken_out: tuple[str, ...] = ()) -> KeyRequest:
    return KeyRequest(
        id=1, account_id=AccountId(1), kind=RequestKind.NEW, state=RequestState.OPEN, user_id=UserId(1),
        manifest=manifest("a", "b"), created_at=NOW, updated_at=NOW, steps=steps, before=before, taken_out=taken_out,
    )  # fmt: skip


def test_a_manifest_comes_back_from_what_is_told_of_it() -> None:
    read = read_manifest(PLAIN)

    assert told_manifest(read) == PLAIN
    assert stored_manifest(PLAIN) == read
    Draft202012Validator(SCHEMA).validate(PLAIN)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"manifest_version": 2}, "manifest_version"),
        ({"manifest_version": True}, "manifest_version"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"contact": "nobody"}, "contact"),
        ({"description": 7}, "description"),
        ({"redirect_uris": "https://a.test"}, "redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uris"),
        ({"redirect_uris": [f"https://a.test/{n}" for n in range(65)]}, "redirect_uris"),
        ({"scopes": [{"scope": "url:GET|/x"}]}, "scopes"),
        ({"scopes": [READ, READ]}, "scopes"),
        ({"scopes": [{"scope": "a b", "reason": "x"}]}, "scopes"),
        ({"scopes": [{"scope": "a", "reason": "x\x00"}]}, "scopes"),
        ({"scopes": {}}, "scopes"),
        ({"links": {"privacy": "http://a.test"}}, "links"),
        ({"links": {"elsewhere": "https://a.test"}}, "links"),
        ({"surprise": 1}, "manifest"),
    ],
)
def test_what_is_wrong_with_a_manifest_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_manifest(PLAIN | change)

    assert set(refused.value.problems) == {named}


_TEXTS = st.text(max_size=6) | st.none() | st.integers()
_DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "manifest_version": st.sampled_from([1, 2, "1"]),
        "name": _TEXTS,
        "vendor": _TEXTS,
        "description": _TEXTS,
        "redirect_uris": st.lists(st.sampled_from(["https://a.test/cb", "bad uri", 7]), max_size=2),
        "scopes": st.lists(
            st.fixed_dictionaries({"scope": st.sampled_from(["a", "b", ""]), "reason": st.sampled_from(["why", ""])}),
            max_size=2,
        ),
        "links": st.dictionaries(st.sampled_from(["privacy", "other"]), st.sampled_from(["https://a.test", "x"])),
    },
)


@given(document=_DOCUMENTS)
def test_whatever_is_read_is_valid_by_the_published_schema(document: dict[str, Any]) -> None:
    try:
        read = read_manifest(document)
    except Invalid:
        return

    assert list(Draft202012Validator(SCHEMA).iter_errors(told_manifest(read))) == []


def test_a_change_is_told_member_by_member() -> None:
    before, after = manifest("a", "b"), manifest("b", "c", uris=("https://b.test/cb",))

    told = told_change(compare(before, after))

    assert told == {
        "grew": True, "scopes_added": [{"scope": "c", "reason": "why"}], "scopes_removed": ["a"],
        "reasons_changed": [], "redirect_uris_added": ["https://b.test/cb"],
        "redirect_uris_removed": ["https://a.test/cb"], "told_anew": [],
    }  # fmt: skip


@given(st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("abcd")))
def test_a_manifest_grows_exactly_by_what_it_did_not_ask_for(old: set[str], new: set[str]) -> None:
    change = compare(manifest(*sorted(old)), manifest(*sorted(new)))

    assert {one.scope for one in change.scopes_added} == new - old
    assert set(change.scopes_removed) == old - new
    assert change.grew is bool(new - old)
    assert change.is_empty is (old == new)


def test_a_yes_counts_until_the_request_grows() -> None:
    yes = step(StepKind.APPROVED, 2)

    assert agreed_by([yes, yes]) == (2,)
    assert agreed_by([yes, step(StepKind.NARROWED, 3, taken_out=["a"])]) == (2,)
    assert agreed_by([yes, step(StepKind.CHANGED, 1, grew=False)]) == (2,)
    assert agreed_by([yes, step(StepKind.CHANGED, 1, grew=True)]) == ()


def test_where_two_must_agree_the_asker_is_none_of_them() -> None:
    asked = request(step(StepKind.CHANGED, 4, grew=True), step(StepKind.APPROVED, 2))

    assert objection_to_yes(asked, UserId(1), 1) is None
    assert objection_to_yes(asked, UserId(1), 2) is not None
    assert objection_to_yes(asked, UserId(4), 2) is not None
    assert objection_to_yes(asked, UserId(2), 2) is not None
    assert objection_to_yes(asked, UserId(3), 2) is None


def test_a_change_that_only_shrinks_needs_one_yes_at_any_risk() -> None:
    assert needed_yeses(request(), two_people=True) == 2
    assert needed_yeses(request(), two_people=False) == 1
    assert needed_yeses(request(before=manifest("a")), two_people=True) == 2
    assert needed_yeses(request(before=manifest("a"), taken_out=("b",)), two_people=True) == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_MEMBERS = st.dictionaries(st.sampled_from([*SCHEMA["properties"], "surprise"]), _JSON)


@given(document=_JSON | _MEMBERS)
def test_anything_else_is_refused_and_never_breaks(document: Any) -> None:
    try:
        read = read_manifest(document)
    except Invalid:
        return

    assert read_manifest(told_manifest(read)) == read


@pytest.mark.parametrize("link", ["https://a.test/\ud800", 'https://a.test/"', "https://a.test/ü", "https:// "])
def test_a_link_is_plain_ascii(link: str) -> None:
    with pytest.raises(Invalid):
        read_manifest(PLAIN | {"links": {"privacy": link}})
