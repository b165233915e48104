"""How much could go wrong with a key? Its traits, and by a table that accounts can change, one of four levels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keystead.core.catalogue import Entry
from keystead.core.errors import Invalid
from keystead.core.keys import Key
from keystead.core.reach import Reach, reach_of

Find = Callable[[str], Entry | None]


class Level(StrEnum):
    """From harmless to most dangerous; ``LEVELS`` has them in this order."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The place in the order, 0 being harmless."""
        return LEVELS.index(self)


LEVELS: Final = tuple(Level)


class Trait(StrEnum):
    """What is true of a key that matters for its risk."""

    READS_ONLY = "reads_only"
    WRITES = "writes"
    DELETES = "deletes"
    STUDENT_RECORDS_READ = "student_records_read"
    STUDENT_RECORDS_CHANGED = "student_records_changed"
    ACCOUNT_WIDE = "account_wide"
    ACTS_AS_OTHERS = "acts_as_others"
    UNSCOPED = "unscoped"


RiskTable = Mapping[Trait, Level]

USUAL_TABLE: Final[RiskTable] = MappingProxyType({
    Trait.READS_ONLY: Level.LOW,
    Trait.WRITES: Level.MODERATE,
    Trait.DELETES: Level.HIGH,
    Trait.STUDENT_RECORDS_READ: Level.MODERATE,
    Trait.STUDENT_RECORDS_CHANGED: Level.HIGH,
    Trait.ACCOUNT_WIDE: Level.HIGH,
    Trait.ACTS_AS_OTHERS: Level.CRITICAL,
    Trait.UNSCOPED: Level.CRITICAL,
})  # fmt: skip
"""What counts where an account has not said otherwise."""

ACTING_AS_OTHERS: Final = frozenset({
    "url:POST|/api/v1/users/:user_id/tokens", "url:PUT|/api/v1/users/:user_id/tokens/:id",
    "url:POST|/api/v1/accounts/:account_id/logins", "url:PUT|/api/v1/accounts/:account_id/logins/:id",
})  # fmt: skip
"""Scopes that make or change the very means by which other people prove who they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One trait of a key, with what shows it: the scopes or groups of the catalogue, or the key's own settings."""

    trait: Trait
    shown_by: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A trait and the level that the table gives it."""

    sign: Sign
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The level of a key and all its reasons, the gravest first."""

    level: Level
    reasons: tuple[Reason, ...]


def risk_of(key: Key, table: RiskTable, find: Find) -> Risk:
    """Return a key's risk: the gravest level that the table gives to one of its traits."""
    return judged(signs_of(key, find), table)


def risk_of_scopes(scopes: tuple[str, ...], table: RiskTable, find: Find) -> Risk:
    """Return the risk of a key that would hold these scopes and nothing else."""
    return judged(_signs_of_scopes(scopes, find), table)


def judged(signs: tuple[Sign, ...], table: RiskTable) -> Risk:
    """Return the risk that signs amount to by a table; of traits that it leaves out the usual table tells."""
    reasons = [Reason(sign=sign, level=table.get(sign.trait, USUAL_TABLE[sign.trait])) for sign in signs]
    reasons.sort(key=lambda reason: -reason.level.rank)
    return Risk(level=reasons[0].level if reasons else Level.LOW, reasons=tuple(reasons))


def signs_of(key: Key, find: Find) -> tuple[Sign, ...]:
    """Return what is true of a key. One that enforces no scopes may do everything: its list does not matter."""
    if key.require_scopes:
        signs = _signs_of_scopes(key.scopes, find)
    else:
        signs = (Sign(trait=Trait.UNSCOPED),)
    own = _own_doings(key)
    if not own:
        return signs
    others = next((sign for sign in signs if sign.trait is Trait.ACTS_AS_OTHERS), Sign(trait=Trait.ACTS_AS_OTHERS))
    merged = Sign(trait=others.trait, shown_by=(*own, *others.shown_by), count=others.count)
    return (*(sign for sign in signs if sign.trait is not Trait.ACTS_AS_OTHERS), merged)


def read_table(given: Mapping[str, object]) -> RiskTable:
    """Return the table that somebody wrote, the usual level for traits left out. Raises Invalid."""
    problems: dict[str, list[str]] = {}
    table = dict(USUAL_TABLE)
    for name, level in given.items():
        if name not in set(Trait):
            problems[name] = [f"is no trait; there are {', '.join(Trait)}"]
        elif not isinstance(level, str) or level not in set(Level):
            problems[name] = [f"must be one of {', '.join(Level)}"]
        else:
            table[Trait(name)] = Level(level)
    if problems:
        raise Invalid(problems)
    return table


def told_risk(risk: Risk) -> dict[str, object]:
    """Return a risk as an object for JSON."""
    reasons = [
        {
            "trait": str(reason.sign.trait),
            "level": str(reason.level),
            "scopes": reason.sign.count,
            "shown_by": list(reason.sign.shown_by),
        }
        for reason in risk.reasons
    ]
    return {"level": str(risk.level), "reasons": reasons}


def _signs_of_scopes(scopes: tuple[str, ...], find: Find) -> tuple[Sign, ...]:
    reach = reach_of(scopes, find)
    signs = _signs_of_reach(reach)
    others = tuple(scope for scope in dict.fromkeys(scopes) if scope in ACTING_AS_OTHERS)
    if others:
        signs.append(Sign(trait=Trait.ACTS_AS_OTHERS, shown_by=others, count=len(others)))
    return tuple(signs)


def _signs_of_reach(reach: Reach) -> list[Sign]:
    signs = []
    if reach.total and not reach.changes and not reach.deletes:
        signs.append(Sign(trait=Trait.READS_ONLY, count=reach.reads))
    if reach.changes:
        signs.append(Sign(trait=Trait.WRITES, count=reach.changes))
    if reach.deletes:
        signs.append(Sign(trait=Trait.DELETES, count=reach.deletes))
    if reach.student_records:
        trait = Trait.STUDENT_RECORDS_CHANGED if reach.student_records_changed else Trait.STUDENT_RECORDS_READ
        signs.append(Sign(trait=trait, shown_by=reach.student_records, count=len(reach.student_records)))
    if reach.account_wide:
        signs.append(Sign(trait=Trait.ACCOUNT_WIDE, shown_by=reach.account_wide, count=len(reach.account_wide)))
    return signs


def _own_doings(key: Key) -> tuple[str, ...]:
    """Return by which settings a key acts without the yes of the person it acts for."""
    found = {
        "trusted": key.trusted,
        "service_user": key.service_user_id is not None,
        "may_introspect": key.may_introspect,
    }
    return tuple(name for name, is_so in found.items() if is_so)
