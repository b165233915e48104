"""Is what a key may do summed up truly?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.core.catalogue import Entry, from_entries
from keystead.core.reach import ACCOUNT_WIDE, STUDENT_RECORDS, Reach, reach_of
from strategies_routes import canvas_entries

pytestmark = pytest.mark.pure

CATALOGUE = from_entries(canvas_entries())


def test_reads_changes_and_deletes_are_told_apart() -> None:
    scopes = (
        "url:GET|/api/v1/courses/:course_id/assignments/:assignment_id/submissions",
        "url:PUT|/api/v1/courses/:course_id/assignments/:assignment_id/submissions/:user_id",
        "url:DELETE|/api/v1/files/:id",
        "url:POST|/api/v1/accounts/:account_id/courses",
        "url:GET|/api/v1/gone",
        "url:GET|/api/v1/gone",
    )

    assert reach_of(scopes, CATALOGUE.find) == Reach(
        reads=1,
        changes=2,
        deletes=1,
        student_records=("Submissions",),
        student_records_changed=True,
        unknown=("url:GET|/api/v1/gone",),
    )


def test_a_loaded_apis_hint_counts_as_much_as_our_table() -> None:
    entry = Entry(
        resource="x", resource_name="Marks", verb="GET", path="/x", scope="url:GET|/x", sensitivity="sensitive"
    )

    assert reach_of([entry.scope], {entry.scope: entry}.get).student_records == ("Marks",)


@pytest.mark.parametrize("names", [STUDENT_RECORDS, ACCOUNT_WIDE])
def test_the_tables_name_groups_that_exist(names: frozenset[str]) -> None:
    assert names - set(CATALOGUE.grouped()) == frozenset()


@given(st.lists(st.sampled_from([entry.scope for entry in CATALOGUE.entries])))
def test_every_scope_is_counted_once(scopes: list[str]) -> None:
    assert reach_of(scopes, CATALOGUE.find).total == len(set(scopes))
