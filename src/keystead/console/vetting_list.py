"""Every key of an account with its risk and what is missing or overdue; and the vendors that the account knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions.gates import Gate
from keystead.console.key_paths import key_address, owns, rights_about, seen_account
from keystead.console.key_policy_views import concern_words
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.console.paging import links, page_of
from keystead.console.vetting_views import VettingListView, row_of
from keystead.core.actors import Right
from keystead.core.ids import global_id, parse_id
from keystead.core.parameters import Tree
from keystead.core.risk import Level
from keystead.core.vetting import Vendor
from keystead.governance import vendors as govern_vendors
from keystead.governance.situations import Concern, Situation, is_shown, list_standing
from keystead.governance.vetting_values import vendor_values
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

ADDRESS: Final = "/accounts/{account_id}/vetting"
VENDORS: Final = ADDRESS + "/vendors"
PAGE_SIZE: Final = 50
SHOWN: Final = ("", "lacking", "overdue", "complete", *Concern)


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorsView:
    """The vendors that an account knows."""

    TEMPLATE: ClassVar = "console/vendors.html"

    account_name: str
    address: str
    back_href: str
    vendors: tuple[Vendor, ...]
    authenticity_token: str = field(repr=False)
    may_change: bool = False


class VettingList:
    """``/accounts/:account_id/vetting``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        return [
            Route(ADDRESS, self.show, methods=["GET"]),
            Route(VENDORS, self.show_vendors, methods=["GET"]),
            Route(VENDORS, self.change_vendor, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the keys that the filters choose: everything that needs somebody stands first."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = seen_account(tx, visitor, request)
            find = self._surface.routing.now.catalogue.find
            stands = list_standing(tx, account, find, acting=visitor.acting)
            values = _values(request.query_params)
            chosen = sorted((one for one in stands if _is_wanted(*one, values)), key=_urgency)
            page, address = page_of(request), f"/accounts/{account.id}/vetting"
            window = chosen[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
            view = VettingListView(
                account_name=account.name,
                address=address,
                rules_href=f"{address}/rules",
                vendors_href=f"{address}/vendors",
                policy_href=f"/accounts/{account.id}/policy",
                rows=tuple(
                    row_of(
                        gate, f"{key_address(account, gate.key)}/vetting", str(global_id(gate.key.id)),
                        inherited=not owns(account, gate.key), concerns=concern_words(situation),
                    )
                    for gate, situation in window
                ),
                total=len(chosen),
                counts=_counts(stands),
                values=values,
                pages=links(visitor, address, values, page=page, size=PAGE_SIZE, total=len(chosen)),
            )  # fmt: skip
            return show(tx, self._surface.pages, visitor, view, "Vetting")

        return await signed_in(self._surface, request, work)

    async def show_vendors(self, request: Request) -> Response:
        """Show the vendors that the account knows."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = seen_account(tx, visitor, request)
            address = f"/accounts/{account.id}/vetting"
            view = VendorsView(
                account_name=account.name,
                address=f"{address}/vendors",
                back_href=address,
                vendors=govern_vendors.list_vendors(tx, account, acting=visitor.acting),
                authenticity_token=visitor.form_value,
                may_change=Right.REVIEW_DEVELOPER_KEYS in rights_about(tx, visitor, account),
            )
            return show(tx, self._surface.pages, visitor, view, "Vendors")

        return await signed_in(self._surface, request, work)

    async def change_vendor(self, request: Request) -> Response:
        """Note a vendor, or change what is known of one."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account = seen_account(tx, visitor, request)
            values = vendor_values(form)
            acting = visitor.acting
            if form.get("vendor_id"):
                vendor_id = parse_id(str(form["vendor_id"])) or 0
                govern_vendors.change_vendor(tx, account, vendor_id, values, acting=acting, because=None)
            else:
                govern_vendors.add_vendor(tx, account, values, acting=acting, because=None)
            said = visitor.say("The vendor is noted.")
            return back_to(tx, visitor, f"/accounts/{account.id}/vetting/vendors", said)

        return await with_own_form(self._surface, request, work)


def _values(query: Mapping[str, str]) -> dict[str, str]:
    shown, level = query.get("show", ""), query.get("risk", "")
    return {
        "q": query.get("q", "")[:200].strip(),
        "show": shown if shown in SHOWN else "",
        "risk": level if level in set(Level) else "",
    }


def _is_wanted(gate: Gate, situation: Situation, values: Mapping[str, str]) -> bool:
    words = values["q"].casefold()
    vendor = "" if gate.own.vendor is None else gate.own.vendor.name
    found = words in (gate.key.name or "").casefold() or words in vendor.casefold()
    risky = not values["risk"] or gate.risk.level == values["risk"]
    return found and risky and is_shown(gate, situation, values["show"])


def _urgency(stands: tuple[Gate, Situation]) -> tuple[bool, bool, int]:
    gate, _ = stands
    return not gate.overdue, not gate.lacks, -gate.risk.level.rank


def _counts(stands: Sequence[tuple[Gate, Situation]]) -> dict[str, int]:
    return {kind: sum(1 for gate, situation in stands if is_shown(gate, situation, kind)) for kind in SHOWN}
