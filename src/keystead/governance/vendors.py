"""Who makes the integrations? Vendors as each root account knows them."""

from collections.abc import Mapping
from typing import Any, Final

from keystead.actions import permits
from keystead.actions.wording import line_problem
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.errors import Invalid, NotFound
from keystead.core.vetting import Vendor
from keystead.storage.read import vetting as read_vetting
from keystead.storage.transaction import Transaction
from keystead.storage.write import vetting as write_vetting
from keystead.storage.write.changes import record

LONGEST_CONTACTS: Final = 5_000


def list_vendors(tx: Transaction, account: Account, *, acting: Actor) -> tuple[Vendor, ...]:
    """Return the vendors that a root account knows. Raises NotFound, Forbidden."""
    _require(tx, account, acting, Right.VIEW_DEVELOPER_KEYS)
    return read_vetting.list_vendors(tx, account)


def add_vendor(
    tx: Transaction, account: Account, values: Mapping[str, Any], *, acting: Actor, because: str | None
) -> Vendor:
    """Note a vendor: ``name``, ``website``, ``contacts``. Raises NotFound, Forbidden, Invalid."""
    _require(tx, account, acting, Right.REVIEW_DEVELOPER_KEYS)
    return keep_vendor(tx, account, values, acting=acting, because=because)


def keep_vendor(
    tx: Transaction, account: Account, values: Mapping[str, Any], *, acting: Actor, because: str | None
) -> Vendor:
    """As ``add_vendor``, where the caller has settled that ``acting`` may."""
    permits.require_site_admin_keys(tx, acting, account)
    write_vetting.hold_record(tx, account.id)
    row = {"name": None, "website": None, "contacts": None, **values}
    _check(tx, account, row, None)
    vendor_id = write_vetting.insert_vendor(tx, account.id, row)
    record(
        tx, "vendor.added", "vendor", vendor_id, acting=acting, account_id=account.id, after=row, because=because
    )  # fmt: skip
    return _known(tx, account, vendor_id)


def change_vendor(
    tx: Transaction, account: Account, vendor_id: int, values: Mapping[str, Any], *, acting: Actor, because: str | None
) -> Vendor:
    """Change what is known of a vendor. Raises NotFound, Forbidden, Invalid."""
    _require(tx, account, acting, Right.REVIEW_DEVELOPER_KEYS)
    permits.require_site_admin_keys(tx, acting, account)
    write_vetting.hold_record(tx, account.id)
    vendor = _known(tx, account, vendor_id)
    now = {"name": vendor.name, "website": vendor.website, "contacts": vendor.contacts}
    changed = {name: value for name, value in values.items() if name in now and value != now[name]}
    if not changed:
        return vendor
    _check(tx, account, now | changed, vendor)
    write_vetting.update_vendor(tx, vendor.id, changed)
    before = {name: now[name] for name in changed}
    record(
        tx, "vendor.changed", "vendor", vendor.id, acting=acting, account_id=account.id, before=before,
        after=changed, because=because,
    )  # fmt: skip
    return _known(tx, account, vendor_id)


def told_vendor(vendor: Vendor) -> dict[str, object]:
    """Return a vendor as an object for JSON."""
    return {"id": vendor.id, "name": vendor.name, "website": vendor.website, "contacts": vendor.contacts}


def _require(tx: Transaction, account: Account, acting: Actor, right: Right) -> None:
    permits.require(tx, acting, right, account)
    if not account.is_root:
        raise NotFound


def _known(tx: Transaction, account: Account, vendor_id: int) -> Vendor:
    found = read_vetting.find_vendor(tx, account, vendor_id)
    if found is None:
        raise NotFound
    return found


def _check(tx: Transaction, account: Account, values: Mapping[str, Any], vendor: Vendor | None) -> None:
    problems: dict[str, list[str]] = {}
    name = values["name"] or ""
    if (wrong := line_problem(name)) is not None:
        problems["name"] = [wrong]
    else:
        same = read_vetting.vendor_named(tx, account, name)
        if same is not None and (vendor is None or same.id != vendor.id):
            problems["name"] = ["is known already"]
    website = values["website"]
    if website is not None and (not website.startswith("https://") or line_problem(website) is not None):
        problems["website"] = ["must be an https address"]
    if len(values["contacts"] or "") > LONGEST_CONTACTS:
        problems["contacts"] = [f"is too long (maximum is {LONGEST_CONTACTS} characters)"]
    if problems:
        raise Invalid(problems)
