"""The page about the vetting of one key: risk, record, evidence, exceptions; and its questionnaire."""

import base64
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import keys as act_keys
from keystead.actions.gates import Gate
from keystead.console.gate_views import ITEM_WORDS, LEVEL_WORDS, gate_view, lack_line
from keystead.console.key_paths import ONE, UNNAMED, key_address, owns, rights_about, seen_account
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.console.request_pages import asked_line
from keystead.console.vetting_views import (
    AnswerLine,
    ExceptionLine,
    ItemView,
    QuestionnaireView,
    VendorOption,
    VettingView,
    items_view,
    risk_view,
)
from keystead.core.accounts import Account
from keystead.core.actors import Right
from keystead.core.errors import Invalid, Malformed
from keystead.core.ids import global_id, parse_id
from keystead.core.parameters import Tree
from keystead.governance import rules as govern_rules
from keystead.governance import vendors as govern_vendors
from keystead.governance import vetting as govern
from keystead.governance.requests import requests_of_key
from keystead.governance.vetting_values import about, days, item_change, item_named
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import vetting as read_vetting
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor
from keystead.web.uploads import UploadedFile, read_upload

TITLE: Final = "Vetting"
_ITEM_FIELDS: Final[tuple[str, ...]] = ("state", "valid_from", "valid_until", "link", "digest", "note")
_QUESTION: Final = "answers"


class VettingPages:
    """``/accounts/:account_id/developer_keys/:id/vetting``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        return [
            Route(ONE + "/vetting", self.show, methods=["GET"]),
            Route(ONE + "/vetting", self.change, methods=["POST"]),
            Route(ONE + "/vetting/questionnaire", self.ask, methods=["GET"]),
            Route(ONE + "/vetting/questionnaire", self.answer, methods=["POST"]),
            Route(ONE + "/vetting/evidence", self.add_evidence, methods=["POST"]),
            Route(ONE + "/vetting/evidence/{evidence_id}", self.open_evidence, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show what is settled with the vendor of a key, and what is not."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account, gate = self._asked(tx, visitor, request)
            return self._page(tx, visitor, account, gate)

        return await signed_in(self._surface, request, work)

    async def change(self, request: Request) -> Response:
        """Record something: an item, the vendor and note, an exception or its end."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account, gate = self._asked(tx, visitor, request)
            reason = _text(form, "because").strip()[:2000] or None
            try:
                said = self._change(tx, visitor, account, gate, form, reason)
            except Invalid as wrong:
                return self._page(tx, visitor, account, gate, wrong=wrong, form=form)
            return back_to(tx, visitor, f"{key_address(account, gate.key)}/vetting", visitor.say(said))

        return await with_own_form(self._surface, request, work)

    async def ask(self, request: Request) -> Response:
        """Show the questionnaire for the key's risk with the answers that are kept."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account, gate = self._asked(tx, visitor, request)
            address = f"{key_address(account, gate.key)}/vetting"
            view = QuestionnaireView(
                account_name=account.name,
                key_name=gate.key.name or UNNAMED,
                client_id=str(global_id(gate.key.id)),
                level_label=LEVEL_WORDS[gate.risk.level],
                lines=tuple(_lines(gate)),
                action=f"{address}/questionnaire",
                back_href=address,
                authenticity_token=visitor.form_value,
                vendor_name=None if gate.own.vendor is None else gate.own.vendor.name,
                may_change=Right.REVIEW_DEVELOPER_KEYS in rights_about(tx, visitor, account),
            )
            return show(tx, self._surface.pages, visitor, view, "Questionnaire")

        return await signed_in(self._surface, request, work)

    async def answer(self, request: Request) -> Response:
        """Keep the answers of the questionnaire."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account, gate = self._asked(tx, visitor, request)
            given = form.get(_QUESTION)
            answers = {
                name: text.replace("\r\n", "\n")
                for name, text in (given if isinstance(given, dict) else {}).items()
                if isinstance(text, str)
            }
            govern.answer(tx, account, gate.key, answers, acting=visitor.acting, because=None)
            address = f"{key_address(account, gate.key)}/vetting"
            return back_to(tx, visitor, address, visitor.say("The answers are kept."))

        return await with_own_form(self._surface, request, work)

    async def add_evidence(self, request: Request) -> Response:
        """Keep a file as an item's evidence, with the digest that is computed here."""
        files: dict[str, UploadedFile] = {}

        async def read(sent: Request) -> Tree:
            form, found = await read_upload(sent, most=govern.LARGEST_FILE)
            files.update(found)
            return form

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account, gate = self._asked(tx, visitor, request)
            item, file = item_named(_text(form, "item")), files.get("file")
            try:
                if file is None:
                    raise Invalid({"file": ["must be chosen"]})
                govern.add_evidence(
                    tx, account, gate.key, item, name=file.name, content_type=file.content_type,
                    content=base64.b64encode(file.octets).decode(), acting=visitor.acting,
                    because=_text(form, "because").strip()[:2000] or None,
                )  # fmt: skip
            except Invalid as wrong:
                return self._page(tx, visitor, account, gate, wrong=wrong, form=form)
            address = f"{key_address(account, gate.key)}/vetting"
            return back_to(tx, visitor, address, visitor.say("The file is kept."))

        return await with_own_form(self._surface, request, work, read=read)

    async def open_evidence(self, request: Request) -> Response:
        """Give a file of this account's own record to be saved: it is never shown in a page."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            _, gate = self._asked(tx, visitor, request)
            evidence_id = parse_id(request.path_params["evidence_id"])
            file, content = read_vetting.get_evidence(tx, gate.own, evidence_id)
            headers = {
                "content-disposition": f'attachment; filename="evidence-{file.id}"',
                "content-security-policy": "sandbox; default-src 'none'",
                "cache-control": "no-store",
                "x-content-type-options": "nosniff",
            }
            return Response(base64.b64decode(content), headers=headers, media_type="application/octet-stream")

        return await signed_in(self._surface, request, work)

    def _asked(self, tx: Transaction, visitor: Visitor, request: Request) -> tuple[Account, Gate]:
        account = seen_account(tx, visitor, request)
        find = self._surface.routing.now.catalogue.find
        reference = request.path_params["key_id"]
        return account, govern.gate_for(tx, account, reference, find, acting=visitor.acting)

    def _change(
        self, tx: Transaction, visitor: Visitor, account: Account, gate: Gate, form: Tree, because: str | None
    ) -> str:
        acting, key = visitor.acting, gate.key
        match form.get("do"):
            case "item":
                item = item_named(_text(form, "item"))
                change = item_change(item, {name: form[name] for name in _ITEM_FIELDS if name in form})
                govern.set_item(tx, account, key, change, acting=acting, because=because)
            case "about":
                values = about({name: form[name] for name in ("vendor_id", "note") if name in form})
                if name := _text(form, "new_vendor").strip():
                    made = govern_vendors.add_vendor(tx, account, {"name": name}, acting=acting, because=because)
                    values["vendor_id"] = made.id
                govern.set_about(tx, account, key, values, acting=acting, because=because)
            case "exception":
                asked = days(form.get("days"))
                govern_rules.make_exception(tx, account, key, days=asked, acting=acting, because=because)
                return "The exception is made."
            case "end_exception":
                exception_id = parse_id(_text(form, "exception_id")) or 0
                govern_rules.end_exception(tx, account, key, exception_id, acting=acting, because=because)
                return "The exception has ended."
            case _:
                raise Malformed("The form does not say what to do.")
        return "The record is kept."

    def _page(
        self,
        tx: Transaction,
        visitor: Visitor,
        account: Account,
        gate: Gate,
        *,
        wrong: Invalid | None = None,
        form: Tree | None = None,
    ) -> Response:
        key, own = gate.key, gate.own
        address = f"{key_address(account, key)}/vetting"
        owner = None if owns(account, key) else act_keys.owner_of(tx, key)
        questions = gate.rules.questionnaires[gate.risk.level]
        view = VettingView(
            account_name=account.name,
            key_name=key.name or UNNAMED,
            client_id=str(global_id(key.id)),
            address=address,
            list_href=f"/accounts/{account.id}/vetting",
            rules_href=f"/accounts/{account.id}/vetting/rules",
            risk=risk_view(gate.risk),
            gate=gate_view(account, gate),
            overdue=tuple(map(lack_line, gate.overdue)),
            items=_with_typed(items_view(own, gate, address), form),
            exceptions=_exceptions(gate),
            authenticity_token=visitor.form_value,
            vendor=None if own.vendor is None else VendorOption(id=str(own.vendor.id), name=own.vendor.name),
            vendor_website=None if own.vendor is None else own.vendor.website,
            vendor_contacts=None if own.vendor is None else own.vendor.contacts,
            vendors=tuple(
                VendorOption(id=str(one.id), name=one.name) for one in read_vetting.list_vendors(tx, account)
            ),
            note=own.note or "",
            answered=sum(1 for one in questions if one.id in own.answers),
            asked=len(questions),
            completed_at=gate.completed_at,
            owner_name=None if owner is None else owner.name,
            owner_items=() if gate.owner is None else items_view(gate.owner, gate),
            owner_note=None if gate.owner is None else gate.owner.note,
            owner_counts=gate.rules.accepts_owner,
            is_shared=owner is None and (key.is_global or read_accounts.has_consortium_children(tx, account)),
            asked_for=tuple(map(asked_line, requests_of_key(tx, account, key))) if owner is None else (),
            may_change=Right.REVIEW_DEVELOPER_KEYS in rights_about(tx, visitor, account),
            may_except=govern_rules.may_except(tx, account, acting=visitor.acting),
            problem=None if wrong is None else _said(visitor, wrong),
        )
        return show(tx, self._surface.pages, visitor, view, TITLE, status=200 if wrong is None else 400)


def _exceptions(gate: Gate) -> tuple[ExceptionLine, ...]:
    return tuple(
        ExceptionLine(
            id=one.id, because=one.because, by=one.by, created_at=one.created_at, expires_at=one.expires_at,
            ended_at=one.ended_at, is_live=one.is_live(gate.now),
        )
        for one in gate.exceptions
    )  # fmt: skip


def _lines(gate: Gate) -> list[AnswerLine]:
    return [
        AnswerLine(
            id=one.id,
            words=one.words,
            item_label=None if one.item is None else ITEM_WORDS[one.item],
            answer=gate.own.answers.get(one.id, ""),
        )
        for one in gate.rules.questionnaires[gate.risk.level]
    ]


def _with_typed(items: tuple[ItemView, ...], form: Tree | None) -> tuple[ItemView, ...]:
    """Return the items with what was just typed, so that nobody has to type it again."""
    if form is None:
        return items
    typed = {name: _text(form, name) for name in _ITEM_FIELDS if name in form and form.get("do") == "item"}
    return tuple(
        replace(one, values={**one.values, **typed}, is_open=True) if one.item == form.get("item") else one
        for one in items
    )


def _said(visitor: Visitor, wrong: Invalid) -> str:
    words = [
        f"{visitor.say(name.replace('_', ' '))} {visitor.say(text)}"
        for name, texts in wrong.problems.items()
        for text in texts
    ]
    return "; ".join(words)


def _text(form: Tree, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
