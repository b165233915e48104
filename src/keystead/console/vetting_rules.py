"""The rules by which an account vets keys: the table of risks, what must be in place, who must agree, what is asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions.documents import Unreadable, parsed
from keystead.console.gate_views import ITEM_WORDS, LEVEL_WORDS, TRAIT_WORDS
from keystead.console.key_paths import seen_account
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.core.accounts import Account
from keystead.core.errors import Invalid, Malformed
from keystead.core.parameters import Tree
from keystead.core.questionnaires import FORMAT, Question, as_lines, exported, from_lines
from keystead.core.risk import LEVELS, Level, Trait
from keystead.core.vetting import Item
from keystead.core.vetting_rules import Rules
from keystead.governance import rules as govern
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

ADDRESS: Final = "/accounts/{account_id}/vetting/rules"
QUESTIONNAIRES: Final = "/accounts/{account_id}/vetting/questionnaires.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitLine:
    """A trait and the level it has now."""

    trait: str
    label: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelLine:
    """What holds at a level. ``needs`` are the items that should be in place, ``lines`` its questions."""

    level: str
    label: str
    needs: frozenset[str]
    blocks: bool
    two_people: bool
    questions: tuple[Question, ...]
    lines: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesView:
    """An account's rules, as a form for those who may change them."""

    TEMPLATE: ClassVar = "console/vetting_rules.html"

    account_name: str
    address: str
    back_href: str
    export_href: str
    traits: tuple[TraitLine, ...]
    levels: tuple[LevelLine, ...]
    accepts_owner: bool
    asks: str
    may_rule: bool
    authenticity_token: str = field(repr=False)
    problem: str | None = None
    items: tuple[tuple[str, str], ...] = tuple((str(item), ITEM_WORDS[item]) for item in Item)
    choices: tuple[tuple[str, str], ...] = tuple((str(level), LEVEL_WORDS[level]) for level in LEVELS)


class VettingRules:
    """``/accounts/:account_id/vetting/rules``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        return [
            Route(ADDRESS, self.show, methods=["GET"]),
            Route(ADDRESS, self.change, methods=["POST"]),
            Route(QUESTIONNAIRES, self.export, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the rules."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = seen_account(tx, visitor, request)
            return self._page(tx, visitor, account, govern.see_rules(tx, account, acting=visitor.acting))

        return await signed_in(self._surface, request, work)

    async def change(self, request: Request) -> Response:
        """Change the rules, or take the questionnaires from a pasted document."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account = seen_account(tx, visitor, request)
            reason = form.get("because")
            because = reason.strip()[:2000] or None if isinstance(reason, str) else None
            before = govern.see_rules(tx, account, acting=visitor.acting)
            try:
                govern.set_rules(tx, account, _asked(form), acting=visitor.acting, because=because)
            except (Invalid, Unreadable) as wrong:
                return self._page(tx, visitor, account, before, problem=str(wrong))
            where = f"/accounts/{account.id}/vetting/rules"
            return back_to(tx, visitor, where, visitor.say("The rules are kept."))

        return await with_own_form(self._surface, request, work)

    async def export(self, request: Request) -> Response:
        """Give the questionnaires as a document that can be imported elsewhere."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = seen_account(tx, visitor, request)
            rules = govern.see_rules(tx, account, acting=visitor.acting)
            headers = {
                "content-disposition": 'attachment; filename="questionnaires.json"',
                "cache-control": "no-store",
                "x-content-type-options": "nosniff",
            }
            body = json.dumps(exported(rules.questionnaires), ensure_ascii=False, indent=2) + "\n"
            return Response(body, headers=headers, media_type="application/json")

        return await signed_in(self._surface, request, work)

    def _page(
        self, tx: Transaction, visitor: Visitor, account: Account, rules: Rules, *, problem: str | None = None
    ) -> Response:
        view = RulesView(
            account_name=account.name,
            address=f"/accounts/{account.id}/vetting/rules",
            back_href=f"/accounts/{account.id}/vetting",
            export_href=f"/accounts/{account.id}/vetting/questionnaires.json",
            traits=tuple(
                TraitLine(trait=str(trait), label=TRAIT_WORDS[trait], level=str(rules.table[trait])) for trait in Trait
            ),
            levels=tuple(_level(rules, level) for level in LEVELS),
            accepts_owner=rules.accepts_owner,
            asks=str(rules.asks),
            may_rule=govern.may_rule(tx, account, acting=visitor.acting),
            authenticity_token=visitor.form_value,
            problem=problem,
        )
        return show(tx, self._surface.pages, visitor, view, "Rules of vetting", status=200 if problem is None else 400)


def _level(rules: Rules, level: Level) -> LevelLine:
    questions = rules.questionnaires[level]
    return LevelLine(
        level=str(level),
        label=LEVEL_WORDS[level],
        needs=frozenset(map(str, rules.needs[level])),
        blocks=level in rules.blocks,
        two_people=level in rules.two_people,
        questions=questions,
        lines=as_lines(questions),
    )


def _asked(form: Tree) -> Mapping[str, object]:
    """Return the rules that a form asks for; a box that is not ticked is not sent, so it counts as no."""
    match form.get("do"):
        case "rules":
            needs, risk = form.get("needs"), form.get("risk")
            given: dict[str, Any] = needs if isinstance(needs, dict) else {}
            return {
                "risk": risk if isinstance(risk, dict) else {},
                "needs": {level: given.get(level, []) for level in LEVELS},
                "blocks": form.get("blocks", []),
                "two_people": form.get("two_people", []),
                "accepts_owner": form.get("accepts_owner") == "1",
                **({"who_may_ask": form["who_may_ask"]} if "who_may_ask" in form else {}),
            }
        case "questions":
            written = form.get("questions")
            texts: dict[str, Any] = written if isinstance(written, dict) else {}
            asked = {level: from_lines(level, str(texts[level])) for level in LEVELS if level in texts}
            document = exported({level: asked.get(level, ()) for level in LEVELS})["questionnaires"]
            return {
                "format": FORMAT,
                "questionnaires": {level: document[level] for level in asked},  # type: ignore[index]  # a dict
            }
        case "import":
            document = parsed(str(form.get("document") or "").encode())
            if not isinstance(document, Mapping):
                raise Invalid({"document": ["must be a JSON object"]})
            return {
                "format": document.get("format"), "questionnaires": document.get("questionnaires"),
            }  # fmt: skip
        case _:
            raise Malformed("The form does not say what to do.")
