"""Accounts, their courses and terms: for the admins of the account or of one above it."""

from collections.abc import Callable
from functools import partial

from sandbox_lms.call import Call, Paged, paged
from sandbox_lms.courses import course_shape
from sandbox_lms.ids import local_id
from sandbox_lms.institution import ROOT_ID
from sandbox_lms.records import Account, Course, Role, Term
from sandbox_lms.refusals import not_authorized, not_found
from sandbox_lms.replies import Shape
from sandbox_lms.state import lasting_uuid
from sandbox_lms.times import stamp

ORDERS: dict[str, Callable[[Course], str | int]] = {
    "course_name": lambda course: course.name,
    "sis_course_id": lambda course: course.sis_id,
    "account_name": lambda course: course.account_id,
}


def index(call: Call) -> Paged:
    """The accounts where the caller is an admin, without those that come with them."""
    accounts = call.state.accounts.values()
    mine = [each for each in accounts if call.state.administers(call.person, each.id)]
    held = {each.id for each in mine}
    return paged(call, [each for each in mine if each.parent_id not in held], _shape)


def show(call: Call) -> Shape:
    return _shape(_account(call, "id"))


def sub_accounts(call: Call) -> Paged:
    account = _account(call, "account_id")
    found = call.state.below(account.id) - {account.id}
    deep = call.flag("recursive")
    rows = [
        each for each in call.state.accounts.values() if each.id in found and (deep or each.parent_id == account.id)
    ]
    return paged(call, rows, _shape)


def terms(call: Call) -> Paged:
    """Terms belong to the root account; a college has none of its own."""
    account = _account(call, "account_id")
    if account.id != ROOT_ID:
        raise not_found()
    found = call.searched(list(call.state.terms.values()), lambda term: term.name)
    return paged(call, found, _term_shape, wrapped="enrollment_terms")


def courses(call: Call) -> Paged:
    """The courses of the account and of every account below it."""
    account = _account(call, "account_id")
    within = call.state.below(account.id)
    if chosen := call.many("by_subaccounts"):
        within &= {local_id(each) or 0 for each in chosen}
    found = [each for each in call.state.courses.values() if each.account_id in within and _wanted(call, each)]
    found = call.searched(found, lambda course: f"{course.name} {course.code} {course.sis_id}")
    if order := ORDERS.get(call.one("sort") or ""):
        found.sort(key=order)
    if call.one("order") == "desc":
        found.reverse()
    return paged(call, found, partial(course_shape, call, Role.ADMIN))


def _wanted(call: Call, course: Course) -> bool:
    published, blueprint, completed = (call.flag(each) for each in ("published", "blueprint", "completed"))
    term, states = call.one("enrollment_term_id"), call.many("state")
    taught_by = {local_id(each) for each in call.many("by_teachers")}
    return (
        (published is None or published == (course.state != "unpublished"))
        and (blueprint is None or blueprint == course.is_blueprint)
        and (completed is None or completed == (course.state == "completed"))
        and (term is None or local_id(term) == course.term_id)
        and (not states or "all" in states or course.state.replace("unpublished", "created") in states)
        and (not taught_by or any(each.id in taught_by for each in call.state.enrolled(course, Role.TEACHER)))
    )


def _account(call: Call, name: str) -> Account:
    text = call.params[name]
    number = ROOT_ID if text in ("self", "default") else local_id(text)
    account = call.state.accounts.get(number or 0)
    if account is None:
        raise not_found()
    if not call.state.administers(call.person, account.id):
        raise not_authorized()
    return account


def _shape(account: Account) -> Shape:
    return {
        "id": account.id,
        "name": account.name,
        "workflow_state": "active",
        "parent_account_id": account.parent_id,
        "root_account_id": None if account.parent_id is None else ROOT_ID,
        "uuid": lasting_uuid("account", account.id),
        "default_storage_quota_mb": 500,
        "default_user_storage_quota_mb": 50,
        "default_group_storage_quota_mb": 50,
        "default_time_zone": "Europe/Dublin",
        "sis_account_id": None,
        "sis_import_id": None,
        "integration_id": None,
        "course_template_id": None,
    }


def _term_shape(term: Term) -> Shape:
    return {
        "id": term.id,
        "name": term.name,
        "start_at": stamp(term.start_at),
        "end_at": stamp(term.end_at),
        "created_at": "2025-11-03T09:00:00Z",
        "workflow_state": "active",
        "grading_period_group_id": None,
        "sis_term_id": term.sis_term_id,
        "sis_import_id": None,
        "overrides": {},
    }
