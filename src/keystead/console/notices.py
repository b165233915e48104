"""What has changed that concerns you? Notices, and where else they should go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import permits, suspensions
from keystead.actions import subscriptions as act
from keystead.console.key_paths import UNNAMED
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.console.paging import links, page_of
from keystead.console.views import PageLinks
from keystead.core.actors import Right
from keystead.core.errors import Invalid, Malformed
from keystead.core.ids import parse_id
from keystead.core.instants import Instant
from keystead.core.notices import NoticeKind
from keystead.core.parameters import Tree
from keystead.governance.noticing import seen_subscriptions, whose_notices
from keystead.storage.notices import Delivery, Notice
from keystead.storage.read import users as read_users
from keystead.storage.read.subscriptions import Subscription
from keystead.storage.read.suspensions import SuspensionRule, find_rule
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

ADDRESS: Final = "/console/notices"
TITLE: Final = "Notices"
PAGE_SIZE: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """One notice. ``changes`` are name, before and after; ``action`` tells what happened to a request."""

    id: int
    at: Instant
    kind: str
    action: str
    key_name: str
    changes: tuple[tuple[str, str, str], ...]
    is_new: bool
    is_inherited: bool
    href: str | None = None
    person: str | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionLine:
    """One place where notices go."""

    id: int
    channel: str
    address: str
    kinds: tuple[str, ...]
    is_digest: bool
    problem: str | None
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesView:
    """The notices of an account, or with ``is_own`` those about one person's requests. ``secret`` is there only in the
    answer that made a webhook.

    ``subscribes`` and ``suspends`` say whether whoever looks may let notices go elsewhere, and set the rule.
    """

    TEMPLATE: ClassVar = "console/notices.html"

    account_name: str
    lines: tuple[NoticeLine, ...]
    unread: int
    subscriptions: tuple[SubscriptionLine, ...]
    kinds: tuple[str, ...]
    policy_href: str
    authenticity_token: str = field(repr=False)
    subscribes: bool = False
    suspends: bool = False
    email: str | None = None
    has_mail: bool = False
    rule: SuspensionRule | None = None
    newest_id: int = 0
    secret: str | None = field(default=None, repr=False)
    is_own: bool = False
    is_subscribed: bool = False
    problem: str | None = None
    pages: PageLinks | None = None


class NoticePages:
    """``/console/notices``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [
            Route(ADDRESS, self.show, methods=["GET"]),
            Route(f"{ADDRESS}/read", self.mark_read, methods=["POST"]),
            Route(f"{ADDRESS}/suspension", self.set_rule, methods=["POST"]),
            Route(f"{ADDRESS}/subscriptions", self.subscribe, methods=["POST"]),
            Route(f"{ADDRESS}/subscriptions/{{subscription_id}}/end", self.unsubscribe, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the newest notices, and where else they go."""
        return await signed_in(self._surface, request, lambda tx, visitor: self._page(tx, visitor, request))

    async def mark_read(self, request: Request) -> Response:
        """Note that everything shown has been read."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            whose = whose_notices(tx, visitor.domain_root, acting=visitor.acting)
            newest = form.get("newest")
            if isinstance(newest, str) and newest.isascii() and newest.isdigit() and len(newest) < 19:
                self._surface.notices.mark_read(whose, visitor.acting.user_id, int(newest))
            return back_to(tx, visitor, ADDRESS)

        return await with_own_form(self._surface, request, work)

    async def subscribe(self, request: Request) -> Response:
        """Let notices go somewhere else too; of a webhook, show once what signs it."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            kinds = form.get("kinds")
            chosen = [one for one in kinds if isinstance(one, str)] if isinstance(kinds, list) else []
            try:
                _, secret = act.subscribe(
                    tx,
                    visitor.domain_root,
                    channel=_text(form.get("channel")),
                    address=_text(form.get("address")).strip(),
                    kinds=chosen,
                    is_digest=form.get("digest") == "1",
                    acting=visitor.acting,
                    because=None,
                )
            except Invalid as wrong:
                words = "; ".join(f"{name} {', '.join(told)}" for name, told in wrong.problems.items())
                return self._page(tx, visitor, request, problem=words)
            if secret is None:
                return back_to(tx, visitor, ADDRESS, visitor.say("You will be told by e-mail."))
            return self._page(tx, visitor, request, secret=secret.reveal())

        return await with_own_form(self._surface, request, work)

    async def set_rule(self, request: Request) -> Response:
        """Set after how many refused calls a key is switched off by itself; empty fields for never."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            numbers = [_text(form.get(name)).strip() for name in ("refused", "minutes")]
            if not all(one.isascii() and one.isdigit() and len(one) < 9 for one in numbers if one):
                raise Malformed("Both must be whole numbers.")
            refused, minutes = (int(one) if one else None for one in numbers)
            made = suspensions.set_rule(
                tx, visitor.domain_root, refused, minutes, acting=visitor.acting, because=None
            )  # fmt: skip
            if made is None:
                return back_to(tx, visitor, ADDRESS, visitor.say("No key is switched off by itself."))
            return back_to(tx, visitor, ADDRESS, visitor.say("The rule was saved."))

        return await with_own_form(self._surface, request, work)

    async def unsubscribe(self, request: Request) -> Response:
        """Let notices go there no more."""

        def work(tx: Transaction, visitor: Visitor, _form: Tree) -> Response:
            wanted = parse_id(request.path_params["subscription_id"])
            act.unsubscribe(tx, visitor.domain_root, wanted, acting=visitor.acting, because=None)
            return back_to(tx, visitor, ADDRESS, visitor.say("Nothing goes there any more."))

        return await with_own_form(self._surface, request, work)

    def _page(
        self,
        tx: Transaction,
        visitor: Visitor,
        request: Request,
        *,
        secret: str | None = None,
        problem: str | None = None,
    ) -> Response:
        root, person = visitor.domain_root, visitor.acting.user_id
        rights = permits.rights_of(tx, visitor.acting, root)
        whose = whose_notices(tx, root, acting=visitor.acting)
        store, page, is_own = self._surface.notices, page_of(request), whose.user_id is not None
        wishes = seen_subscriptions(tx, root, whose, acting=visitor.acting)
        found, total = store.newest(whose, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
        read = store.read_up_to(whose, person)
        view = NoticesView(
            account_name=root.name,
            lines=tuple(_line(one, root.id, read) for one in found),
            unread=store.unread(whose, person),
            subscriptions=tuple(_told(one, store.delivery(one.id)) for one in wishes),
            subscribes=Right.MANAGE_DEVELOPER_KEYS in rights,
            suspends=Right.SWITCH_DEVELOPER_KEYS in rights,
            kinds=tuple(kind for kind in NoticeKind if (kind is NoticeKind.OWN_REQUEST) == is_own),
            is_own=is_own,
            is_subscribed=any(one.is_personal for one in wishes),
            policy_href=f"/accounts/{root.id}/policy",
            authenticity_token=visitor.form_value,
            email=read_users.get_user(tx, person).email,
            rule=None if is_own else find_rule(tx, root.id),
            has_mail=self._surface.settings.smtp_url is not None,
            newest_id=found[0].id if found and page == 1 else 0,
            secret=secret,
            problem=problem,
            pages=links(visitor, ADDRESS, {}, page=page, size=PAGE_SIZE, total=total),
        )
        return show(tx, self._surface.pages, visitor, view, TITLE, status=200 if problem is None else 400)


def _line(notice: Notice, root_id: int, read: int) -> NoticeLine:
    told = notice.told
    before: Mapping[str, Any] = told.get("before") or {}
    after: Mapping[str, Any] = told.get("after") or {}
    inherited = notice.heirs_of is not None
    href = f"/accounts/{root_id}/developer_keys?tab=inherited"
    if "request_id" in told:
        href = f"/console/requests/{told['request_id']}"
    elif not inherited:
        href = f"/console/audit?key_id={notice.key_id}"
    return NoticeLine(
        id=notice.id,
        at=notice.at,
        kind=notice.kind.value,
        action=told.get("action") or "",
        key_name=told.get("key_name") or UNNAMED,
        changes=tuple(
            _change(name, before.get(name), after[name])
            for name in after
            if name in before or after[name] not in (None, False, "", [])
        ),
        is_new=notice.id > read,
        is_inherited=inherited,
        href=href,
        person=told.get("person"),
        because=told.get("because"),
    )


def _change(name: str, before: Any, after: Any) -> tuple[str, str, str]:
    if isinstance(after, list) and isinstance(before, list | None):
        before = before or []
        gone, come = [one for one in before if one not in after], [one for one in after if one not in before]
        return name, ", ".join(map(str, gone)) or "–", ", ".join(map(str, come)) or "–"
    return name, _spoken(before), _spoken(after)


def _spoken(value: Any) -> str:
    """Return a value in words: of an object each member that is there, with its name."""
    if isinstance(value, Mapping):
        members = (f"{name} {_spoken(member)}" for name, member in value.items() if member is not None)
        return ", ".join(members) or "✓"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "–" if value is None else str(value)


def _told(one: Subscription, delivery: Delivery | None) -> SubscriptionLine:
    return SubscriptionLine(
        id=one.id,
        channel=one.channel,
        address=one.address,
        kinds=one.kinds,
        is_digest=one.is_digest,
        problem=None if delivery is None else delivery.problem,
        failures=0 if delivery is None else delivery.failures,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
