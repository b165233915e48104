"""Every figure equals a count of the calls themselves, over calls that are made up at random."""

from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from governance_builders import MAPPED, OWNER, SITE, TABLE, TODAY, figures_after, key_with
from keystead.core.accounts import Account
from keystead.core.instants import DAY, Instant
from keystead.core.keys import SecurityProfile
from keystead.core.routes import compile_routes
from keystead.core.usage import Dimension, Period, date_of
from keystead.governance.coverage import Coverage
from keystead.governance.privileges import least_privilege
from keystead.governance.tables import as_csv
from keystead.governance.usage import Grouping, usage_of
from keystead.storage.usage_figures import Part, UsageFigures
from usage_builders import NOON, Call, calls_made

__all__ = ["figures_after"]

NAMES: dict[Grouping, Callable[[Call], str]] = {
    Grouping.DAY: lambda call: date_of(call.at // DAY),
    Grouping.MONTH: lambda call: date_of(call.at // DAY)[:7],
    Grouping.SCOPE: lambda call: call.scope or "unmapped",
    Grouping.OUTCOME: lambda call: call.outcome,
    Grouping.PERSON: lambda call: str(call.person),
    Grouping.NETWORK: lambda call: call.network,
    Grouping.COURSE: lambda call: call.course if call.outcome == "allowed" else "",
    Grouping.ACCOUNT: lambda call: str(call.account or "") if call.outcome == "allowed" else "",
}


PERIODS = st.sampled_from(((TODAY, TODAY), (TODAY - 5, TODAY + 9), (TODAY + 1, TODAY + 2), (TODAY - 9, TODAY - 3)))


@settings(deadline=None, max_examples=60)
@given(
    made=st.lists(calls_made(), max_size=50), grouping=st.sampled_from(list(Grouping)), days=PERIODS,
    account=st.sampled_from((OWNER, SITE)),
)  # fmt: skip
def test_usage_by_anything_equals_a_count_of_the_calls(
    figures_after: Callable[[list[Call]], UsageFigures],
    made: list[Call],
    grouping: Grouping,
    days: tuple[int, int],
    account: Account,
) -> None:
    figures = figures_after(made)
    period = Period(first=days[0], last=days[1])

    found = usage_of(figures, key_with(MAPPED[0]), account, period, grouping)

    mine = [
        call for call in made
        if call.key == 1 and account.id in (9, call.root) and days[0] <= call.at // DAY <= days[1]
    ]  # fmt: skip
    name_of = NAMES[grouping]
    calls = Counter(name_of(call) for call in mine if name_of(call))
    allowed = Counter(name_of(call) for call in mine if name_of(call) and call.outcome == "allowed")
    assert (found.calls, found.allowed) == (len(mine), sum(call.outcome == "allowed" for call in mine))
    assert found.people == len({call.person for call in mine})
    assert {row.name: (row.calls, row.allowed) for row in found.rows if row.calls} == {
        name: (calls[name], allowed[name]) for name in calls
    }
    for row in found.rows:
        if row.people is not None:
            assert row.people == len({call.person for call in mine if name_of(call) == row.name})
    if grouping is Grouping.SCOPE:
        assert {row.name for row in found.rows} == {*calls, MAPPED[0]}
        assert {row.name for row in found.rows if row.granted} == {MAPPED[0]}


@settings(deadline=None, max_examples=60)
@given(
    made=st.lists(calls_made(), max_size=50), since=st.integers(-2, 4),
    chosen=st.none() | st.sets(st.sampled_from(MAPPED)),
)  # fmt: skip
def test_who_was_seen_since_a_day_equals_a_count_of_the_calls(
    figures_after: Callable[[list[Call]], UsageFigures], made: list[Call], since: int, chosen: set[str] | None
) -> None:
    figures = figures_after(made)
    part = Part(key_id=1, roots=(1_000,), period=Period(first=TODAY + since, last=TODAY + 9))

    mine = [
        call for call in made
        if (call.key, call.root, call.outcome) == (1, 1_000, "allowed") and call.at // DAY >= TODAY + since
        and (chosen is None or call.scope in chosen)
    ]  # fmt: skip
    expected = {
        Dimension.PERSON: {str(call.person) for call in mine},
        Dimension.COURSE: {call.course for call in mine if call.course},
        Dimension.ACCOUNT: {str(call.account) for call in mine if call.account},
    }
    for dimension, values in expected.items():
        assert figures.seen(part, dimension, scopes=chosen) == len(values)
        assert set(figures.seen_lately(part, dimension, scopes=chosen, limit=20)) == values


@settings(deadline=None, max_examples=60)
@given(
    made=st.lists(calls_made(), max_size=50), granted=st.sets(st.sampled_from(MAPPED)), enforced=st.booleans(),
    strict=st.booleans(),
)  # fmt: skip
def test_the_narrowed_list_lets_pass_all_that_passed_and_nothing_can_be_left_out(
    figures_after: Callable[[list[Call]], UsageFigures],
    made: list[Call],
    granted: set[str],
    enforced: bool,
    strict: bool,
) -> None:
    profile = SecurityProfile.STRICT if strict else SecurityProfile.COMPATIBLE
    key = key_with(*sorted(granted), require_scopes=enforced, profile=profile)
    period = Period(first=TODAY, last=TODAY + 3)

    found = least_privilege(figures_after(made), key, OWNER, period, table=TABLE, now=Instant(NOON + 3 * DAY))

    mine = [call for call in made if (call.key, call.root, call.outcome) == (1, 1_000, "allowed")]
    used = {call.scope for call in mine if call.scope is not None}
    assert found.unmapped_calls == sum(call.scope is None for call in mine)
    assert set(found.narrowed) == (used & granted if enforced else used)
    assert set(found.unused) == granted - used
    by_scope = {need.scope: need for need in found.needs}
    assert by_scope.keys() == granted | used
    for scope, need in by_scope.items():
        days = [call.at // DAY for call in mine if call.scope == scope]
        assert need.calls == len(days)
        assert need.last_day == (max(days) if days else None)
        assert need.is_rare_write == ("POST" in scope and 0 < len(days) <= 10)


def test_a_scope_that_others_calls_pass_by_is_needed() -> None:
    broad, narrow = "url:GET|/api/v1/courses/:id", "url:GET|/api/v1/courses/settings"
    table = compile_routes([("GET", "/api/v1/courses/:id"), ("GET", "/api/v1/courses/settings")])

    compatible = Coverage(table, key_with(), [broad])
    strict = Coverage(table, key_with(profile=SecurityProfile.STRICT), [broad])

    assert compatible.covering(narrow) == {broad}
    assert [strict.covers(narrow), strict.covers(broad), compatible.covers("unmapped")] == [False, True, False]


def test_a_course_that_looks_like_a_formula_is_none_in_a_spreadsheet() -> None:
    assert as_csv([{"course": "=1+1", "calls": 2}]) == "course,calls\r\n'=1+1,2\r\n"
