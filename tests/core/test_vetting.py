"""Is it told truly what a vetting record lacks, at any moment?"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.core.errors import Invalid
from keystead.core.ids import AccountId, KeyId
from keystead.core.instants import DAY, SECOND, Instant
from keystead.core.questionnaires import USUAL, as_lines, exported, from_lines, imported
from keystead.core.risk import LEVELS, Level
from keystead.core.vetting import Item, ItemState, Standing, VettedItem, Vetting, completed_at, lacks_of, overdue_of
from keystead.core.vetting_rules import USUAL_RULES, read_rules, told_rules

pytestmark = pytest.mark.pure

NOON = Instant(20_000 * DAY)
YESTERDAY, TOMORROW = Instant(NOON - DAY), Instant(NOON + DAY)


def vetting(*items: VettedItem) -> Vetting:
    return Vetting(account_id=AccountId(1), key_id=KeyId(1), id=7, items={item.item: item for item in items})


@pytest.mark.parametrize(
    ("state", "since", "until", "standing"),
    [
        (ItemState.MISSING, None, None, Standing.MISSING),
        (ItemState.ASKED, None, None, Standing.ASKED),
        (ItemState.ASKED, None, YESTERDAY, Standing.OVERDUE),
        (ItemState.IN_PLACE, None, None, Standing.COMPLETE),
        (ItemState.IN_PLACE, None, NOON, Standing.COMPLETE),
        (ItemState.IN_PLACE, None, YESTERDAY, Standing.OVERDUE),
        (ItemState.IN_PLACE, TOMORROW, None, Standing.NOT_YET),
        (ItemState.NOT_NEEDED, None, YESTERDAY, Standing.COMPLETE),
    ],
)
def test_what_a_recorded_state_comes_to(
    state: ItemState, since: Instant | None, until: Instant | None, standing: Standing
) -> None:
    item = VettedItem(item=Item.CONTRACT, state=state, valid_from=since, valid_until=until)

    assert item.standing(NOON) is standing


def test_the_last_day_of_a_contract_counts_to_its_end() -> None:
    item = VettedItem(item=Item.CONTRACT, state=ItemState.IN_PLACE, valid_until=NOON)

    assert item.standing(Instant(NOON + DAY - SECOND)) is Standing.COMPLETE
    assert item.standing(Instant(NOON + DAY)) is Standing.OVERDUE


def test_what_the_owner_has_settled_counts_only_where_it_is_taken_over() -> None:
    own = vetting(VettedItem(item=Item.CONTRACT, state=ItemState.IN_PLACE, valid_until=YESTERDAY))
    owner = vetting(VettedItem(item=Item.CONTRACT, state=ItemState.IN_PLACE))

    assert [lack.item for lack in lacks_of(own, {Item.CONTRACT}, NOON)] == [Item.CONTRACT]
    assert lacks_of(own, {Item.CONTRACT}, NOON, owner=owner) == []
    assert [lack.item for lack in overdue_of(own, NOON)] == [Item.CONTRACT]


def test_a_record_is_complete_since_its_last_needed_item_was_settled() -> None:
    record = vetting(
        VettedItem(item=Item.CONTRACT, state=ItemState.IN_PLACE, changed_at=YESTERDAY),
        VettedItem(item=Item.FERPA, state=ItemState.NOT_NEEDED, changed_at=NOON),
        VettedItem(item=Item.COPPA, state=ItemState.IN_PLACE, changed_at=TOMORROW),
    )

    assert completed_at(record, {Item.CONTRACT, Item.FERPA}, NOON) == NOON
    assert completed_at(record, {Item.CONTRACT, Item.CONTACTS}, NOON) is None
    assert completed_at(record, (), NOON) is None


@given(states=st.dictionaries(st.sampled_from(Item), st.sampled_from(ItemState)), needed=st.sets(st.sampled_from(Item)))
def test_every_needed_item_is_either_complete_or_lacking(states: dict[Item, ItemState], needed: set[Item]) -> None:
    record = vetting(*(VettedItem(item=item, state=state) for item, state in states.items()))

    lacking = {lack.item for lack in lacks_of(record, needed, NOON)}

    assert lacking == {item for item in needed if record.item(item).standing(NOON) is not Standing.COMPLETE}


def test_the_usual_questions_grow_with_the_risk() -> None:
    asked = [{one.id for one in USUAL[level]} for level in LEVELS]

    assert all(less < more for less, more in pairwise(asked))
    assert all(len(USUAL[level]) == len({one.id for one in USUAL[level]}) for level in LEVELS)
    assert {one.item for one in USUAL[Level.CRITICAL]} >= set(Item)


def test_questionnaires_come_back_from_their_export_and_from_their_lines() -> None:
    assert imported(exported(USUAL)) == USUAL
    for level in LEVELS:
        assert from_lines(level, as_lines(USUAL[level])) == USUAL[level]


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"format": "other/1", "questionnaires": {}},
        {"format": "keystead.questionnaires/1", "questionnaires": []},
        {"format": "keystead.questionnaires/1", "questionnaires": {"enormous": []}},
        {"format": "keystead.questionnaires/1", "questionnaires": {"low": "Why?"}},
        {"format": "keystead.questionnaires/1", "questionnaires": {"low": [{"question": " "}]}},
        {"format": "keystead.questionnaires/1", "questionnaires": {"low": [{"question": "Why?", "item": "luck"}]}},
        {"format": "keystead.questionnaires/1", "questionnaires": {"low": [{"question": "Why?", "id": "A B"}]}},
        {"format": "keystead.questionnaires/1", "questionnaires": {"low": [{"question": "Why?"}] * 2}},
    ],
)
def test_a_document_that_holds_no_questionnaires_is_refused(document: object) -> None:
    with pytest.raises(Invalid):
        imported(document)


def test_rules_come_back_from_what_is_told_of_them() -> None:
    assert read_rules(told_rules(USUAL_RULES)) == USUAL_RULES


def test_only_the_parts_that_are_given_change_the_rules() -> None:
    rules = read_rules({"blocks": ["high"], "needs": {"low": []}, "accepts_owner": True})

    assert rules.blocks == {Level.HIGH}
    assert rules.needs[Level.LOW] == frozenset()
    assert rules.needs[Level.HIGH] == USUAL_RULES.needs[Level.HIGH]
    assert rules.accepts_owner
    assert rules.two_people == USUAL_RULES.two_people


@pytest.mark.parametrize(
    ("given_rules", "named"),
    [
        ({"blocks": ["enormous"]}, "blocks"),
        ({"blocks": "high"}, "blocks"),
        ({"two_people": [1]}, "two_people"),
        ({"needs": {"low": ["luck"]}}, "needs"),
        ({"needs": {"enormous": []}}, "needs"),
        ({"needs": []}, "needs"),
        ({"risk": []}, "risk"),
        ({"accepts_owner": "yes"}, "accepts_owner"),
    ],
)
def test_rules_that_say_nothing_clear_are_refused_by_name(given_rules: dict[str, object], named: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_rules(given_rules)

    assert set(refused.value.problems) == {named}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["low", "high", "contract", "writes"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["low", "writes", "item"]), inner),
    max_leaves=8,
)


@given(given_rules=st.dictionaries(st.sampled_from([*told_rules(USUAL_RULES), "surprise"]), _JSON))
def test_rules_of_any_shape_are_read_or_refused(given_rules: dict[str, object]) -> None:
    try:
        rules = read_rules(given_rules)
    except Invalid:
        return

    assert read_rules(told_rules(rules)) == rules
