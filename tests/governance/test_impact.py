"""Each figure of an impact equals a count of the calls that the change would have refused."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from databases import fresh_installation
from governance_builders import MAPPED, OWNER, SITE, TABLE, figures_after, key_with
from keystead.core.accounts import Account
from keystead.core.instants import DAY, Instant
from keystead.core.usage import date_of
from keystead.governance.impact import KeyChange, Switch, impact_of
from keystead.storage.transaction import Transaction
from keystead.storage.usage_figures import UsageFigures
from usage_builders import NOON, Call, calls_made

CHANGES = st.one_of(
    st.sampled_from([KeyChange(state=Switch.OFF), KeyChange(state=Switch.DELETED), KeyChange(require_scopes=True)]),
    st.builds(
        lambda scopes, enforced: KeyChange(scopes=tuple(sorted(scopes)), require_scopes=enforced),
        st.sets(st.sampled_from(MAPPED)),
        st.sampled_from((None, True, False)),
    ),
)

__all__ = ["figures_after"]


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transaction]:
    """A transaction three days after the first calls; nobody has authorised the key that is asked about."""
    database = fresh_installation(tmp_path_factory.mktemp("impact"), lambda: Instant(NOON + 3 * DAY))
    with database.read() as tx:
        yield tx
    database.close()


@settings(deadline=None, max_examples=80)
@given(
    made=st.lists(calls_made(), max_size=50), granted=st.sets(st.sampled_from(MAPPED)), enforced=st.booleans(),
    change=CHANGES, account=st.sampled_from((OWNER, SITE)),
)  # fmt: skip
def test_the_impact_of_any_change_equals_a_count_of_the_calls(
    figures_after: Callable[[list[Call]], UsageFigures],
    reading: Transaction,
    made: list[Call],
    granted: set[str],
    enforced: bool,
    change: KeyChange,
    account: Account,
) -> None:
    key = key_with(*sorted(granted), require_scopes=enforced)

    found = impact_of(reading, figures_after(made), key, account, change, table=TABLE)

    after = granted if change.scopes is None else set(change.scopes)
    enforces = enforced if change.require_scopes is None else change.require_scopes
    broken = [
        call for call in made
        if (call.key, call.outcome) == (1, "allowed") and account.id in (SITE.id, call.root)
        and (change.state is not None or (enforces and call.scope not in after))
    ]  # fmt: skip
    days = Counter(date_of(call.at // DAY) for call in broken)
    scopes = Counter(call.scope or "unmapped" for call in broken)
    assert found.calls == len(broken)
    assert found.callers == len({call.person for call in broken})
    assert dict(found.calls_by_day) == days
    assert {one.scope: one.calls for one in found.endpoints} == scopes
    for endpoint in found.endpoints:
        assert endpoint.last_day == max(
            call.at // DAY for call in broken if (call.scope or "unmapped") == endpoint.scope
        )
    assert found.last_day == max((call.at // DAY for call in broken), default=None)
    courses = {call.course for call in broken if call.course}
    accounts = {str(call.account) for call in broken if call.account}
    assert (found.courses.many, set(found.courses.examples)) == (len(courses), courses)
    assert (found.accounts.many, set(found.accounts.examples)) == (len(accounts), accounts)
