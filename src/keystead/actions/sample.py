"""Loads the sample institution into an empty installation: one tenant with colleges, people and administrators."""

import json
import uuid
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from keystead.actions.passwords import hash_password
from keystead.core.accounts import AccountKind
from keystead.core.roles import TEMPLATES
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction
from keystead.storage.write import accounts as write_accounts
from keystead.storage.write import users as write_users
from keystead.storage.write.changes import record
from keystead.storage.write.numbers import pass_given_ids


def read_institution() -> Mapping[str, Any]:
    """Return the institution that comes with the package."""
    packed = resources.files("keystead.actions").joinpath("sample_institution.json")
    institution: dict[str, Any] = json.loads(packed.read_text(encoding="utf-8"))
    return institution


def load_sample(tx: Transaction, institution: Mapping[str, Any]) -> None:
    """Store an institution under the ids it names, in a database that holds only what stands in an empty one.

    Parents stand before their sub-accounts. Only given passwords are hashed, since that is slow on purpose; people
    without one cannot sign in.
    """
    root = institution["root_account"]
    write_accounts.insert_account(
        tx, name=root["name"], kind=AccountKind.ROOT, uuid=uuid.uuid4().hex, account_id=root["id"]
    )
    for account in institution["sub_accounts"]:
        write_accounts.insert_account(
            tx,
            name=account["name"],
            kind=AccountKind.SUB,
            uuid=uuid.uuid4().hex,
            parent=read_accounts.get_account(tx, account["parent_id"]),
            account_id=account["id"],
        )
    people = [_person(described) for described in institution["people"]]
    write_users.insert_people(tx, people, account_id=root["id"])
    pass_given_ids(tx)
    for described in institution.get("roles", ()):
        account, template = read_accounts.get_account(tx, described["account_id"]), TEMPLATES[described["template"]]
        write_users.insert_role(tx, account_id=account.id, label=template.label, rights=template.rights)
    _appoint(tx, institution["admins"], {person["unique_id"]: person["id"] for person in people})
    counts = {name: len(institution[name]) for name in ("sub_accounts", "people", "admins")}
    record(tx, "sample.loaded", "account", root["id"], acting=None, account_id=root["id"], after=counts)


def _person(described: Mapping[str, Any]) -> dict[str, Any]:
    password = described.get("password")
    names = ("id", "name", "short_name", "sortable_name", "email")
    return {name: described[name] for name in names} | {
        "unique_id": described["login"],
        "password_hash": None if password is None else hash_password(password),
    }


def _appoint(tx: Transaction, admins: Iterable[Mapping[str, Any]], ids: Mapping[str, int]) -> None:
    for admin in admins:
        account = read_accounts.get_account(tx, admin["account_id"])
        role = read_users.find_role_by_label(tx, admin["role"], account)
        if role is None:
            raise ValueError(f"the sample institution names a role that is not there: {admin['role']}")
        write_users.ensure_seat(tx, account_id=account.id, user_id=ids[admin["login"]], role_id=role.id)
