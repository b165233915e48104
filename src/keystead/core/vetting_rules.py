"""By which rules does an account vet keys? Risk, what must be in place, what blocks, who must agree, what is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeGuard

from keystead.core.errors import Invalid
from keystead.core.questionnaires import USUAL, Questionnaires, exported, imported
from keystead.core.risk import LEVELS, USUAL_TABLE, Level, RiskTable, Trait, read_table
from keystead.core.vetting import Item

_LOW: Final = (Item.TOKEN_STORAGE, Item.CONTACTS)
_MODERATE: Final = (Item.CONTRACT, Item.FERPA, Item.DATA_RETENTION, *_LOW)
_HIGH: Final = (Item.COPPA, Item.ACCESSIBILITY, Item.SECURITY_REVIEW, Item.DATA_LOCATION, *_MODERATE)

USUAL_NEEDS: Final[Mapping[Level, frozenset[Item]]] = MappingProxyType({
    Level.LOW: frozenset(_LOW),
    Level.MODERATE: frozenset(_MODERATE),
    Level.HIGH: frozenset(_HIGH),
    Level.CRITICAL: frozenset(_HIGH),
})  # fmt: skip


class Asking(StrEnum):
    """Who may ask for a key: everyone with a login, or only people with the right to (core/actors.py)."""

    EVERYONE = "everyone"
    PERMITTED = "permitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One root account's rules.

    ``needs`` is what should be in place at each level, and always warns; at the levels of ``blocks`` it must be, before
    a key is turned on. ``two_people`` are the levels at which two must agree to a request. With ``accepts_owner`` what
    the owner of an inherited key has settled counts here too. ``asks`` says who may ask for keys.
    """

    table: RiskTable = field(default_factory=lambda: USUAL_TABLE)
    needs: Mapping[Level, frozenset[Item]] = field(default_factory=lambda: USUAL_NEEDS)
    blocks: frozenset[Level] = frozenset()
    two_people: frozenset[Level] = frozenset({Level.HIGH, Level.CRITICAL})
    accepts_owner: bool = False
    asks: Asking = Asking.EVERYONE
    questionnaires: Questionnaires = field(default_factory=lambda: USUAL)


USUAL_RULES: Final = Rules()


def told_rules(rules: Rules) -> dict[str, object]:
    """Return rules as an object for JSON, as ``read_rules`` reads them."""
    return {
        "risk": {str(trait): str(rules.table.get(trait, USUAL_TABLE[trait])) for trait in Trait},
        "needs": {str(level): [str(item) for item in Item if item in rules.needs[level]] for level in LEVELS},
        "blocks": [str(level) for level in LEVELS if level in rules.blocks],
        "two_people": [str(level) for level in LEVELS if level in rules.two_people],
        "accepts_owner": rules.accepts_owner,
        "who_may_ask": str(rules.asks),
        **exported(rules.questionnaires),
    }


def read_rules(given: Mapping[str, object], before: Rules = USUAL_RULES) -> Rules:
    """Return the rules ``before`` with the parts that are given in their place. Raises Invalid."""
    return Rules(
        table=read_table(_object(given["risk"], "risk")) if "risk" in given else before.table,
        needs=_needs(_object(given["needs"], "needs"), before) if "needs" in given else before.needs,
        blocks=_levels(given["blocks"], "blocks") if "blocks" in given else before.blocks,
        two_people=_levels(given["two_people"], "two_people") if "two_people" in given else before.two_people,
        accepts_owner=_truth(given["accepts_owner"]) if "accepts_owner" in given else before.accepts_owner,
        asks=_asking(given["who_may_ask"]) if "who_may_ask" in given else before.asks,
        questionnaires=imported(given) if "questionnaires" in given else before.questionnaires,
    )


def _object(given: object, name: str) -> Mapping[str, object]:
    if not isinstance(given, Mapping):
        raise Invalid({name: ["must be an object"]})
    return given


def _needs(given: Mapping[str, object], before: Rules) -> Mapping[Level, frozenset[Item]]:
    needs = dict(before.needs)
    for name, items in given.items():
        if name not in set(Level):
            raise Invalid({"needs": [f"{name} is none of {', '.join(Level)}"]})
        if not _is_list(items) or not all(item in set(Item) for item in items):
            raise Invalid({"needs": [f"{name} must be a list of {', '.join(Item)}"]})
        needs[Level(name)] = frozenset(Item(item) for item in items)
    return MappingProxyType(needs)


def _levels(given: object, name: str) -> frozenset[Level]:
    if not _is_list(given) or not all(level in set(Level) for level in given):
        raise Invalid({name: [f"must be a list of {', '.join(Level)}"]})
    return frozenset(Level(level) for level in given)


def _truth(given: object) -> bool:
    if not isinstance(given, bool):
        raise Invalid({"accepts_owner": ["must be true or false"]})
    return given


def _asking(given: object) -> Asking:
    if not isinstance(given, str) or given not in set(Asking):
        raise Invalid({"who_may_ask": [f"must be one of {', '.join(Asking)}"]})
    return Asking(given)


def _is_list(given: object) -> TypeGuard[Sequence[str]]:
    return isinstance(given, Sequence) and not isinstance(given, str) and all(isinstance(one, str) for one in given)
