"""What must stand in an empty database: Site Admin, its person, the administrator's role, the built-in key."""

import uuid

from keystead.actions.passwords import hash_password
from keystead.core.accounts import AccountKind
from keystead.core.actors import ADMIN_ROLE
from keystead.core.bindings import BindingState
from keystead.core.credentials import Secret
from keystead.core.keys import BUILT_IN_NAME, KeyState
from keystead.storage.transaction import Transaction
from keystead.storage.vault import new_token
from keystead.storage.write import accounts as write_accounts
from keystead.storage.write import bindings as write_bindings
from keystead.storage.write import keys as write_keys
from keystead.storage.write import tokens as write_tokens
from keystead.storage.write import users as write_users
from keystead.storage.write.changes import record

SITE_ADMIN_LOGIN = "siteadmin"


def begin(tx: Transaction, *, token: Secret | None, password: Secret | None) -> None:
    """Fill an empty database. ``token`` becomes the Site Admin person's first API token, ``password`` their sign-in."""
    site = write_accounts.insert_account(
        tx, name="Site Admin", kind=AccountKind.SITE_ADMIN, uuid=uuid.uuid4().hex
    )  # fmt: skip
    role = write_users.insert_role(tx, account_id=None, label=ADMIN_ROLE, rights=(), is_built_in=True)
    person = write_users.insert_user(tx, name="Site Admin", short_name="Site Admin", sortable_name="Admin, Site")
    write_users.insert_login(
        tx,
        user_id=person,
        account_id=site,
        unique_id=SITE_ADMIN_LOGIN,
        password_hash=None if password is None else hash_password(password.reveal()),
    )
    write_users.insert_seat(tx, account_id=site, user_id=person, role_id=role)
    key = write_keys.insert_key(
        tx,
        {
            "account_id": None,
            "state": KeyState.ACTIVE,
            "secret": new_token(),
            "name": BUILT_IN_NAME,
            "redirect_uris": (),
            "scopes": (),
            "authorized_flows": (),
            "visible": False,
            "is_built_in": True,
        },
    )
    write_bindings.ensure_binding(tx, site, key, BindingState.ON)
    if token is not None:
        write_tokens.insert_token(
            tx, user_id=person, key_id=key, access=token, refresh=None, scopes=(), purpose="bootstrap"
        )  # fmt: skip
    record(tx, "installation.begun", "account", site, acting=None, account_id=site)
