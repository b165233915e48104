"""What does one ask a vendor? Questions by risk, to start from, to change, to export and to import."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from keystead.core.errors import Invalid
from keystead.core.risk import LEVELS, Level
from keystead.core.vetting import Item

FORMAT: Final = "keystead.questionnaires/1"
MOST_QUESTIONS: Final = 200
LONGEST_QUESTION: Final = 2_000
_ID: Final = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. ``item`` is what its answer helps to settle, None for a question of its own kind."""

    id: str
    words: str
    item: Item | None = None


Questionnaires = Mapping[Level, tuple[Question, ...]]


def question(words: str, item: Item | None = None, *, id: str | None = None) -> Question:  # noqa: A002  (its name)
    """Return a question; unless its id is given it follows from the words, so that new words want a new answer."""
    plain = " ".join(words.split())
    return Question(id=id or f"q{sha256(plain.encode()).hexdigest()[:10]}", words=plain, item=item)


_FOR_ALL: Final = (
    question("Which product is this, who makes it, and which of our teaching or work does it serve?"),
    question("Who here at the institution answers for this integration, and who at the vendor does?", Item.CONTACTS),
    question("Whom do we call when something goes wrong, at which hours, and how soon do you answer?", Item.CONTACTS),
    question(
        "List every API endpoint the integration calls, what it reads from each, and why it needs it. "
        "Will you tell us before that list grows?"
    ),
    question(
        "Where are client secrets and access tokens kept, how are they encrypted, and which of your people can read "
        "them?",
        Item.TOKEN_STORAGE,
    ),
    question(
        "Can a secret or a token ever be seen in a page, a log or an error report of yours? How do you know?",
        Item.TOKEN_STORAGE,
    ),
    question("What stops working for people when we turn the key off, and what happens to what they did before?"),
)
_FOR_PEOPLES_DATA: Final = (
    question("Is there a signed contract or agreement, until when, and who signed it on both sides?", Item.CONTRACT),
    question(
        "Does the contract let us turn the key off at once when calls go beyond the endpoints you named?",
        Item.CONTRACT,
    ),
    question(
        "How do you comply with FERPA: which education records do you receive, for which purpose, and to whom do you "
        "pass any of them on?",
        Item.FERPA,
    ),
    question("May people under 13 use it? If so, how do you comply with COPPA?", Item.COPPA),
    question("How long do you keep what you read, and how do we have it deleted, with proof?", Item.DATA_RETENTION),
    question("Which institutions of our kind use this integration now, and whom there may we ask?"),
)
_FOR_CHANGES: Final = (
    question(
        "Which of the calls change or delete something? What does each change, and how is a mistake undone?",
    ),
    question(
        "Was the application reviewed for security by somebody independent, when, and may we see the report "
        "(HECVAT, SOC 2, penetration test)?",
        Item.SECURITY_REVIEW,
    ),
    question(
        "Does it conform to WCAG 2.2 AA? Send the current VPAT, and say what is known not to conform.",
        Item.ACCESSIBILITY,
    ),
    question("In which countries are data stored and worked on, and by which subcontractors?", Item.DATA_LOCATION),
    question("Does it also work as an LTI tool, with a secret of its own that is not the developer key's?"),
)
_FOR_EVERYTHING: Final = (
    question("Why are fewer rights not enough? Which endpoints would a key with enforced scopes need?"),
    question(
        "Whose permissions does it act with, and does any account of an administrator or a service stand behind it?"
    ),
    question(
        "How do you notice that somebody else uses our key, and how soon would you tell us?", Item.SECURITY_REVIEW
    ),
    question("Show us a trial on a test system, with the calls recorded, before it goes on for everybody."),
)

USUAL: Final[Questionnaires] = MappingProxyType({
    Level.LOW: _FOR_ALL,
    Level.MODERATE: (*_FOR_ALL, *_FOR_PEOPLES_DATA),
    Level.HIGH: (*_FOR_ALL, *_FOR_PEOPLES_DATA, *_FOR_CHANGES),
    Level.CRITICAL: (*_FOR_ALL, *_FOR_PEOPLES_DATA, *_FOR_CHANGES, *_FOR_EVERYTHING),
})  # fmt: skip
"""What is asked where an account has not said otherwise."""


def exported(questionnaires: Questionnaires) -> dict[str, object]:
    """Return questionnaires as a document that ``imported`` reads."""
    return {
        "format": FORMAT,
        "questionnaires": {
            str(level): [
                {"id": one.id, "item": None if one.item is None else str(one.item), "question": one.words}
                for one in questionnaires[level]
            ]
            for level in LEVELS
        },
    }


def imported(document: object) -> Questionnaires:
    """Return the questionnaires of a document; of levels that it leaves out the usual ones. Raises Invalid."""
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise Invalid({"format": [f"must be {FORMAT}"]})
    given = document.get("questionnaires")
    if not isinstance(given, Mapping):
        raise Invalid({"questionnaires": ["must be an object with a list for each level"]})
    if unknown := [name for name in given if name not in set(Level)]:
        raise Invalid({"questionnaires": [f"{unknown[0]} is none of {', '.join(Level)}"]})
    return MappingProxyType({
        level: _read(level, given[level]) if level in given else USUAL[level] for level in LEVELS
    })  # fmt: skip


def from_lines(level: Level, text: str) -> tuple[Question, ...]:
    """Return questions written one a line, each perhaps after an item and a colon. Raises Invalid."""
    found = []
    for line in text.splitlines():
        words = line.strip()
        if not words:
            continue
        head, colon, rest = words.partition(":")
        item = head.strip() if colon and head.strip() in set(Item) else None
        found.append({"question": rest.strip() if item else words, "item": item})
    return _read(level, found)


def as_lines(questions: Sequence[Question]) -> str:
    """Return questions as ``from_lines`` reads them."""
    return "\n".join(one.words if one.item is None else f"{one.item}: {one.words}" for one in questions)


def _read(level: Level, given: object) -> tuple[Question, ...]:
    where = f"questionnaires.{level}"
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST_QUESTIONS:
        raise Invalid({where: [f"must be a list of at most {MOST_QUESTIONS} questions"]})
    found: dict[str, Question] = {}
    for one in given:
        words = one.get("question") if isinstance(one, Mapping) else None
        if not isinstance(words, str) or not words.strip() or len(words) > LONGEST_QUESTION:
            raise Invalid({where: [f"each needs a question of at most {LONGEST_QUESTION} characters"]})
        item, name = one.get("item"), one.get("id")
        if item is not None and not (isinstance(item, str) and item in set(Item)):
            raise Invalid({where: [f"item must be one of {', '.join(Item)}"]})
        if name is not None and not (isinstance(name, str) and _ID.fullmatch(name)):
            raise Invalid({where: ["id must be small letters, digits, - and _"]})
        read = question(words, None if item is None else Item(item), id=name)
        if read.id in found:
            raise Invalid({where: [f"the same question stands there twice: {read.words[:60]}"]})
        found[read.id] = read
    return tuple(found.values())
