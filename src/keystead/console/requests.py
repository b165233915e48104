"""Requests for keys: whoever signs in may ask, reviewers comment, narrow, agree or refuse."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.console.paging import links, page_of
from keystead.console.request_pages import request_row, request_view
from keystead.console.request_views import NewRequestView, RequestsView
from keystead.core.errors import Invalid, Malformed, NotFound
from keystead.core.ids import parse_id
from keystead.core.key_requests import KeyRequest, RequestState
from keystead.core.manifests import LINKS, SCHEMA, Manifest
from keystead.core.parameters import Tree
from keystead.gateway.outside import OutsideError
from keystead.governance import requests as govern
from keystead.governance import reviews
from keystead.governance.request_values import asked_scopes, manifest_from_document, manifest_from_form
from keystead.storage.read.pages import Window
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.sessions import CSRF_FIELD, proves_itself
from keystead.web.surface import Surface, Visitor, visitor_of

ADDRESS: Final = "/console/requests"
ONE: Final = ADDRESS + "/{request_id:int}"
SCHEMA_ADDRESS: Final = "/console/manifest.schema.json"
PAGE_SIZE: Final = 30
_FIELDS: Final = (
    "do", "name", "vendor", "contact", "description", "redirect_uris", "scopes", "key", "more", "manifest", "url",
    "because", *LINKS,
)  # fmt: skip


class _Fetched:
    """The manifest at the URL that a form names, or the words why there is none; None without a URL.

    Only for people who are signed in, on our own form: others must not have anything fetched.
    """

    def __init__(self, surface: Surface, request: Request) -> None:
        self._surface = surface
        self._request = request
        self.found: bytes | str | None = None

    async def fetch(self, form: Tree) -> None:
        """Fetch what the form names."""
        url = _text(form, "url").strip()
        if not url or not await self._surface.in_transaction(self._request, lambda tx: self._is_ours(tx, form)):
            return
        try:
            self.found = (await self._surface.fetch(url)).octets
        except OutsideError as failed:
            self.found = str(failed)

    def _is_ours(self, tx: Transaction, form: Tree) -> bool:
        visitor = visitor_of(tx, self._request)
        if visitor.user is None or visitor.session is None:
            return False
        return proves_itself(visitor.session, form.get(CSRF_FIELD))


class RequestPages:
    """``/console/requests``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        return [
            Route(ADDRESS, self.show_all, methods=["GET"]),
            Route(f"{ADDRESS}/new", self.ask, methods=["GET"]),
            Route(f"{ADDRESS}/new", self.make, methods=["POST"]),
            Route(ONE, self.show, methods=["GET"]),
            Route(ONE, self.act, methods=["POST"]),
            Route(SCHEMA_ADDRESS, self.publish, methods=["GET"]),
        ]

    async def publish(self, request: Request) -> Response:
        """Give the JSON Schema of manifests to everybody."""
        address = self._surface.public_origin(request) + SCHEMA_ADDRESS
        body = {"$schema": SCHEMA["$schema"], "$id": address, **SCHEMA}
        return JSONResponse(body, headers={"access-control-allow-origin": "*"}, media_type="application/schema+json")

    async def show_all(self, request: Request) -> Response:
        """List requests: to whoever sees keys all of the account's, to others their own."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            root, page = visitor.domain_root, page_of(request)
            word = request.query_params.get("state", "")
            state = RequestState(word) if word in set(RequestState) else None
            window = Window(limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
            found = govern.list_requests(tx, root, window, state=state, acting=visitor.acting)
            catalogue = self._surface.routing.now.catalogue
            asked = {"state": word if state is not None else ""}
            view = RequestsView(
                account_name=root.name,
                rows=tuple(map(request_row, reviews.reviews_of(tx, root, found.items, catalogue))),
                total=found.total,
                sees_all=govern.sees_all(tx, root, acting=visitor.acting),
                may_ask=govern.may_ask(tx, root, visitor.acting),
                state=asked["state"],
                pages=links(visitor, ADDRESS, asked, page=page, size=PAGE_SIZE, total=found.total),
            )
            return show(tx, self._surface.pages, visitor, view, "Requests")

        return await signed_in(self._surface, request, work)

    async def ask(self, request: Request) -> Response:
        """Show the ways to ask for a key."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            govern.require_may_ask(tx, visitor.domain_root, visitor.acting)
            return self._form(tx, visitor, {"key": request.query_params.get("key", "")[:40]})

        return await signed_in(self._surface, request, work)

    async def make(self, request: Request) -> Response:
        """Ask for a key, by the form, for more scopes of a key, or by a manifest."""
        document = _Fetched(self._surface, request)

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            try:
                made = self._make(tx, visitor, form, document.found)
            except Invalid as wrong:
                return self._form(tx, visitor, _typed(form), problem=said(visitor, wrong))
            except NotFound as missing:
                return self._form(tx, visitor, _typed(form), problem=visitor.say(str(missing)))
            return back_to(tx, visitor, f"{ADDRESS}/{made.id}", visitor.say("The request waits for a review."))

        return await with_own_form(self._surface, request, work, ahead=document.fetch)

    async def show(self, request: Request) -> Response:
        """Show a request."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            found = govern.get_request(tx, visitor.domain_root, _id(request), acting=visitor.acting)
            return self._page(tx, visitor, found)

        return await signed_in(self._surface, request, work)

    async def act(self, request: Request) -> Response:
        """Comment on a request, narrow, change, agree to, refuse or withdraw it."""
        document = _Fetched(self._surface, request)

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            found = govern.get_request(tx, visitor.domain_root, _id(request), acting=visitor.acting)
            try:
                after, words = self._act(tx, visitor, found, form, document.found)
            except Invalid as wrong:
                return self._page(tx, visitor, found, problem=said(visitor, wrong), document=_text(form, "manifest"))
            return back_to(tx, visitor, f"{ADDRESS}/{after.id}", visitor.say(words))

        return await with_own_form(self._surface, request, work, ahead=document.fetch)

    def _make(self, tx: Transaction, visitor: Visitor, form: Tree, fetched: bytes | str | None) -> KeyRequest:
        root, acting, catalogue = visitor.domain_root, visitor.acting, self._surface.routing.now.catalogue
        govern.require_may_ask(tx, root, acting)
        key_id, source = None, None
        match form.get("do"):
            case "form":
                manifest = manifest_from_form(form, catalogue)
            case "more":
                key = govern.own_key(tx, root, parse_id(_text(form, "key").strip()) or 0)
                key_id = key.id
                more = asked_scopes(_text(form, "more"), catalogue)
                manifest = govern.with_more(govern.manifest_of(tx, root, key), more)
            case "manifest":
                manifest, source = _manifest(form, fetched)
            case _:
                raise Malformed("The form does not say what to do.")
        return govern.ask_for_key(
            tx, root, manifest, key_id=key_id, source=source, catalogue=catalogue, acting=acting,
            because=_because(form),
        )  # fmt: skip

    def _act(
        self, tx: Transaction, visitor: Visitor, found: KeyRequest, form: Tree, fetched: bytes | str | None
    ) -> tuple[KeyRequest, str]:
        root, catalogue = visitor.domain_root, self._surface.routing.now.catalogue
        doing: Any = {"acting": visitor.acting, "because": _because(form)}
        match form.get("do"):
            case "comment":
                words = _text(form, "comment")
                return govern.comment(tx, root, found.id, words, acting=visitor.acting), "Your comment is kept."
            case "narrow":
                given = form.get("scopes")
                kept = [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
                return reviews.narrow(tx, root, found.id, kept, **doing), "The request is narrowed."
            case "approve":
                after = reviews.approve(tx, root, found.id, catalogue=catalogue, **doing)
                done = "It is done. A new key is off until somebody turns it on."
                return after, "You have agreed. Somebody else must agree too." if after.is_open else done
            case "refuse":
                return reviews.refuse(tx, root, found.id, **doing), "The request is refused."
            case "withdraw":
                return govern.withdraw(tx, root, found.id, **doing), "The request is withdrawn."
            case "change":
                manifest, _ = _manifest(form, fetched)
                changed = govern.change_manifest(tx, root, found.id, manifest, catalogue=catalogue, **doing)
                return changed, "The manifest is kept."
            case _:
                raise Malformed("The form does not say what to do.")

    def _form(
        self, tx: Transaction, visitor: Visitor, values: Mapping[str, str], *, problem: str | None = None
    ) -> Response:
        view = NewRequestView(
            account_name=visitor.domain_root.name,
            values={name: values.get(name, "") for name in _FIELDS},
            authenticity_token=visitor.form_value,
            problem=problem,
        )
        return show(tx, self._surface.pages, visitor, view, "Ask for a key", status=200 if problem is None else 400)

    def _page(
        self,
        tx: Transaction,
        visitor: Visitor,
        found: KeyRequest,
        *,
        problem: str | None = None,
        document: str = "",
    ) -> Response:
        view = request_view(
            tx, visitor, found, f"{ADDRESS}/{found.id}", self._surface.routing.now.catalogue, problem=problem,
            document=document,
        )  # fmt: skip
        return show(tx, self._surface.pages, visitor, view, "Request for a key", status=200 if problem is None else 400)


def said(visitor: Visitor, wrong: Invalid) -> str:
    """Return what is wrong in the visitor's words."""
    return "; ".join(
        f"{visitor.say(name)} {visitor.say(text)}" for name, texts in wrong.problems.items() for text in texts
    )


def _manifest(form: Tree, fetched: bytes | str | None) -> tuple[Manifest, str | None]:
    url = _text(form, "url").strip()
    if not url:
        return manifest_from_document(_text(form, "manifest").encode()), None
    if not isinstance(fetched, bytes):
        raise Invalid({"url": [fetched or "cannot be fetched"]})
    return manifest_from_document(fetched), url[:500]


def _typed(form: Tree) -> dict[str, str]:
    return {name: _text(form, name) for name in _FIELDS}


def _because(form: Tree) -> str | None:
    return _text(form, "because").strip()[:2000] or None


def _text(form: Tree, name: str) -> str:
    value = form.get(name)
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def _id(request: Request) -> int:
    return int(request.path_params["request_id"])
