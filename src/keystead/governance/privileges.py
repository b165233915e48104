"""Which of the scopes that a key holds does it need, by what it has done?"""

from dataclasses import dataclass
from typing import Final

from keystead.core.accounts import Account
from keystead.core.instants import Instant
from keystead.core.keys import Key
from keystead.core.routes import RouteTable
from keystead.core.usage import OTHER, UNMAPPED, Period, day_of
from keystead.governance.coverage import Coverage
from keystead.governance.sight import roots_shown
from keystead.storage.usage_figures import Part, UsageFigures

RARE: Final = 10
"""Up to how many calls in the period a write is called rare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeNeed:
    """A scope, granted or not, and the calls that passed under it. ``days_unused`` is None where there never was one.

    ``needed_for`` are scopes that are not granted, whose calls pass by this one.
    """

    scope: str
    granted: bool
    calls: int
    last_day: int | None
    days_unused: int | None
    is_rare_write: bool
    needed_for: tuple[str, ...] = ()

    @property
    def is_used(self) -> bool:
        """Whether a call passed by it."""
        return self.calls > 0 or bool(self.needed_for)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastPrivilege:
    """Used against granted. ``narrowed`` is the list that lets pass what passed, as far as the key's own scopes do.

    Of a key that enforces no scopes it holds every scope that was used. ``unmapped_calls`` passed without any scope:
    with enforced scopes they would be refused, whatever the list.
    """

    key_id: int
    account_id: int
    period: Period
    needs: tuple[ScopeNeed, ...]
    narrowed: tuple[str, ...]
    unmapped_calls: int

    @property
    def unused(self) -> tuple[str, ...]:
        """The granted scopes that nothing passed by."""
        return tuple(need.scope for need in self.needs if need.granted and not need.is_used)


def least_privilege(
    figures: UsageFigures, key: Key, account: Account, period: Period, *, table: RouteTable, now: Instant
) -> LeastPrivilege:  # fmt: skip
    """Return used against granted, and the narrowest list. An institution is shown its own numbers only."""
    figures.refresh()
    part = Part(key_id=key.id, roots=roots_shown(account), period=period)
    passed = {one.name: one.allowed for one in figures.by_scope(part) if one.allowed}
    last_days = figures.last_days(key.id, part.roots)
    today = day_of(now)
    coverage = Coverage(table, key, key.scopes)
    overlapping: dict[str, list[str]] = {}
    beyond = [scope for scope in passed if scope not in key.scopes and scope not in (UNMAPPED, OTHER)]
    for scope in beyond:
        for granted in coverage.covering(scope):
            overlapping.setdefault(granted, []).append(scope)

    def need(scope: str, *, granted: bool) -> ScopeNeed:
        calls, last = passed.get(scope, 0), last_days.get(scope)
        writes = not scope.startswith("url:GET|") and scope.startswith("url:")
        return ScopeNeed(
            scope=scope, granted=granted, calls=calls, last_day=last,
            days_unused=None if last is None else max(0, today - last), is_rare_write=writes and 0 < calls <= RARE,
            needed_for=tuple(sorted(overlapping.get(scope, ()))),
        )  # fmt: skip

    needs = [need(scope, granted=True) for scope in key.scopes]
    needs += [need(scope, granted=False) for scope in beyond]
    kept = [one.scope for one in needs if (one.granted and one.is_used if key.require_scopes else one.calls)]
    return LeastPrivilege(
        key_id=key.id,
        account_id=account.id,
        period=period,
        needs=tuple(needs),
        narrowed=tuple(dict.fromkeys(kept)),
        unmapped_calls=passed.get(UNMAPPED, 0),
    )
