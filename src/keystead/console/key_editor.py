"""Key Settings: the form that makes a developer key, and changes one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import keys as act
from keystead.actions import permits
from keystead.console.editor_views import EditorView, KeyDifference, ScopeGroup, ScopeLine
from keystead.console.key_forms import KeyForm, reading_scopes, review_mark
from keystead.console.key_paths import (
    BASE,
    ONE,
    key_address,
    list_address,
    managed_account,
    may_change,
    owns,
    seen_account,
)
from keystead.console.key_views import ImpactFacts
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.core.accounts import Account
from keystead.core.actors import Right
from keystead.core.catalogue import Catalogue, Entry
from keystead.core.errors import Invalid, NotFound
from keystead.core.ids import global_id, parse_id
from keystead.core.keys import LONGEST_REDIRECT_URI, Key
from keystead.core.parameters import InvalidParameter, Tree
from keystead.core.reach import ACCOUNT_WIDE, reach_of, tells_of_students
from keystead.core.scope_lists import PastedList
from keystead.core.scopes import parse_route_scope
from keystead.governance.impact import KeyChange, impact_of
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

TITLE = "Key Settings"
NOTHING_CHOSEN = "At least one scope must be selected."
GONE = "No longer described"
SAVES = ("save", "confirm")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an editor stands: the account, and the key unless it is a new one."""

    account: Account
    key: Key | None = None
    tokens: int = 0


class KeyEditor:
    """``/accounts/:account_id/developer_keys/new`` and ``…/:id``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        return [
            Route(BASE + "/new", self.ask_new, methods=["GET"]),
            Route(BASE, self.create, methods=["POST"]),
            Route(ONE, self.ask_change, methods=["GET"]),
            Route(ONE, self.change, methods=["POST"]),
        ]

    async def ask_new(self, request: Request) -> Response:
        """Show the empty form."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = managed_account(tx, visitor, request)
            act.require_owner(tx, account, visitor.domain_root, acting=visitor.acting)
            return self._page(tx, visitor, _Place(account=account), KeyForm.blank())

        return await signed_in(self._surface, request, work)

    async def create(self, request: Request) -> Response:
        """Make a key, off; or show the form again with what one of its buttons did."""

        def work(tx: Transaction, visitor: Visitor, sent: Tree) -> Response:
            account = managed_account(tx, visitor, request)
            act.require_owner(tx, account, visitor.domain_root, acting=visitor.acting)
            place, form = _Place(account=account), KeyForm.read(sent)
            refused = self._step(tx, visitor, place, form)
            if refused is not None:
                return refused
            try:
                act.create(
                    tx, account, form.values,
                    catalogue=self._catalogue, acting=visitor.acting, because=form.because,
                )  # fmt: skip
            except (Invalid, InvalidParameter) as wrong:
                return self._again(tx, visitor, place, form, wrong)
            return back_to(tx, visitor, list_address(account), visitor.say("Save successful."))

        return await with_own_form(self._surface, request, work)

    async def ask_change(self, request: Request) -> Response:
        """Show a key in the form; to those who may not change it, only show it."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = seen_account(tx, visitor, request)
            key = read_keys.get_key(tx, parse_id(request.path_params["key_id"]))
            if not owns(account, key):
                raise NotFound
            return self._page(tx, visitor, _place(tx, account, key), KeyForm.of_key(key))

        return await signed_in(self._surface, request, work)

    async def change(self, request: Request) -> Response:
        """Change a key; what takes something from people who use it is shown first."""

        def work(tx: Transaction, visitor: Visitor, sent: Tree) -> Response:
            account = managed_account(tx, visitor, request)
            key_id = parse_id(request.path_params["key_id"])
            key = act.get_for_change(tx, key_id, visitor.domain_root, acting=visitor.acting)
            if not owns(account, key):
                raise NotFound
            place, form = _place(tx, account, key), KeyForm.read(sent)
            refused = self._step(tx, visitor, place, form)
            if refused is not None:
                return refused
            difference = _difference(place, form)
            mark = review_mark(difference.removed, enforces=form.enforces)
            if difference.asks_first and form.reviewed != mark:
                impact = self._impact(tx, account, key, form) if difference.takes_something else None
                return self._page(tx, visitor, place, form, review=mark, impact=impact)
            change = act.KeyChange(values=form.values)
            try:
                act.update(
                    tx, key, change, catalogue=self._catalogue, acting=visitor.acting, because=form.because
                )  # fmt: skip
            except (Invalid, InvalidParameter) as wrong:
                return self._again(tx, visitor, place, form, wrong)
            return back_to(tx, visitor, list_address(account), visitor.say("Save successful."))

        return await with_own_form(self._surface, request, work)

    @property
    def _catalogue(self) -> Catalogue:
        return self._surface.routing.now.catalogue

    def _impact(self, tx: Transaction, account: Account, key: Key, form: KeyForm) -> ImpactFacts:
        change = KeyChange(scopes=form.scopes if form.enforces else None, require_scopes=form.enforces)
        table = self._surface.routing.now.table
        return ImpactFacts.of(impact_of(tx, self._surface.figures, key, account, change, table=table))

    def _step(self, tx: Transaction, visitor: Visitor, place: _Place, form: KeyForm) -> Response | None:
        """Return the form again when it is not to be saved: after a button of its own, or when nothing is chosen."""
        if form.step not in SAVES:
            chosen, report = form.chosen_anew(self._catalogue)
            return self._page(tx, visitor, place, chosen, report=report)
        if form.enforces and not form.scopes:
            return self._page(tx, visitor, place, form, failure=visitor.say(NOTHING_CHOSEN))
        if any(len(uri) > LONGEST_REDIRECT_URI for uri in form.texts.get("redirect_uris", "").split()):
            words = visitor.say("A redirect URI is longer than %(most)s characters.", most=LONGEST_REDIRECT_URI)
            return self._page(tx, visitor, place, form, problems={"redirect_uris": words})
        return None

    def _again(
        self, tx: Transaction, visitor: Visitor, place: _Place, form: KeyForm, wrong: Invalid | InvalidParameter
    ) -> Response:
        if isinstance(wrong, InvalidParameter):
            return self._page(tx, visitor, place, form, failure=str(wrong))
        problems = {name: "; ".join(words) for name, words in wrong.problems.items()}
        return self._page(tx, visitor, place, form, problems=problems)

    def _page(
        self,
        tx: Transaction,
        visitor: Visitor,
        place: _Place,
        form: KeyForm,
        *,
        report: PastedList | None = None,
        review: str | None = None,
        impact: ImpactFacts | None = None,
        failure: str | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> Response:
        account, key = place.account, place.key
        held = frozenset(() if key is None else key.scopes)
        catalogue = self._catalogue
        wrong = bool(failure or problems)
        view = EditorView(
            account_name=account.name,
            action=list_address(account) if key is None else key_address(account, key),
            cancel_href=list_address(account),
            form=form if report is None or report.unmatched else replace(form, pasted=""),
            groups=tuple(_groups(catalogue, form, held)),
            reach=reach_of(form.scopes, catalogue.find),
            authenticity_token=visitor.form_value,
            client_id=None if key is None else str(global_id(key.id)),
            is_read_only=not may_change(tx, visitor, account),
            has_legacy_uri=key is not None and key.redirect_uri is not None,
            offers_test_cluster=self._surface.settings.test_cluster_checks,
            is_all_reading=set(form.scopes) == set(reading_scopes(catalogue)),
            tokens=place.tokens,
            reveals=permits.holds(tx, visitor.acting, Right.MANAGE_DEVELOPER_KEYS, account),
            people_href=None if key is None else f"{key_address(account, key)}/people",
            report=report,
            difference=None if key is None else _difference(place, form),
            review=review,
            impact=impact,
            failure=visitor.say("The key was not saved.") if wrong and not failure else failure,
            problems=problems or {},
        )
        return show(tx, self._surface.pages, visitor, view, TITLE, status=400 if wrong else 200)


def _place(tx: Transaction, account: Account, key: Key) -> _Place:
    return _Place(account=account, key=key, tokens=read_keys.token_counts(tx, (key.id,)).get(key.id, 0))


def _difference(place: _Place, form: KeyForm) -> KeyDifference:
    key = place.key
    if key is None:
        return KeyDifference()
    wanted = form.scopes if form.enforces else key.scopes
    return KeyDifference(
        added=tuple(scope for scope in wanted if scope not in set(key.scopes)),
        removed=tuple(scope for scope in key.scopes if scope not in set(wanted)),
        starts_enforcing=form.enforces and not key.require_scopes,
        stops_enforcing=key.require_scopes and not form.enforces,
        tokens=place.tokens,
    )


def _groups(catalogue: Catalogue, form: KeyForm, held: frozenset[str]) -> list[ScopeGroup]:
    chosen, words = frozenset(form.scopes), form.words.casefold().split()
    lines: dict[str, list[ScopeLine]] = {}
    sensitive: set[str] = set()
    for entry in catalogue.entries:
        name = entry.resource_name
        if name is None or catalogue.unknown((entry.scope,)):
            continue
        lines.setdefault(name, []).append(_line(entry, chosen, held, words))
        if tells_of_students(entry):
            sensitive.add(name)
    gone = [scope for scope in dict.fromkeys((*form.scopes, *held)) if catalogue.find(scope) is None]
    if gone:
        entries = [Entry(resource="", resource_name=GONE, verb=_verb(scope), scope=scope) for scope in gone]
        lines[GONE] = [_line(entry, chosen, held, []) for entry in entries]
    return [
        ScopeGroup(
            name=name,
            lines=tuple(members),
            tells_of_students=name in sensitive,
            is_account_wide=name in ACCOUNT_WIDE,
            is_open=name == GONE or (bool(words) and any(line.is_shown for line in members)),
        )
        for name, members in lines.items()
    ]


def _line(entry: Entry, chosen: frozenset[str], held: frozenset[str], words: list[str]) -> ScopeLine:
    path = entry.path or entry.scope.rpartition("|")[2]
    haystack = f"{entry.resource_name} {entry.verb} {path} {entry.scope} {entry.summary}".casefold()
    return ScopeLine(
        scope=entry.scope,
        verb=entry.verb,
        path=path,
        summary=entry.summary,
        is_chosen=entry.scope in chosen,
        was_held=entry.scope in held,
        is_shown=all(word in haystack for word in words),
    )


def _verb(scope: str) -> str:
    found = parse_route_scope(scope)
    return "GET" if found is None else found.verb
