"""Who has authorised a key equals a count by hand, for owners and heirs, however many logins and tokens people have."""

import random
from collections import Counter

import pytest

from keystead.core.accounts import AccountKind
from keystead.core.bindings import BindingState
from keystead.core.ids import AccountId, UserId
from keystead.core.instants import DAY
from keystead.core.keys import KeyState
from keystead.core.tokens import TokenState
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read.impact import authorised
from keystead.storage.transaction import Database, Origin, Transaction
from keystead.storage.vault import new_token
from keystead.storage.write import accounts as write_accounts
from keystead.storage.write import bindings as write_bindings
from keystead.storage.write import keys as write_keys
from keystead.storage.write import tokens as write_tokens
from keystead.storage.write import users as write_users


def institution(tx: Transaction, name: str) -> AccountId:
    return write_accounts.insert_account(tx, name=name, kind=AccountKind.ROOT, uuid=name)


@pytest.mark.storage
@pytest.mark.parametrize("seed", range(5))
def test_people_and_live_tokens_are_counted_once_each(database: Database, seed: int) -> None:
    chance, people, live = random.Random(seed), Counter[str](), Counter[str]()
    with database.write(Origin(surface="test")) as tx:
        site = read_accounts.site_admin(tx).id
        roots = {name: institution(tx, name) for name in ("north", "south")}
        values = {
            "account_id": None, "state": KeyState.ACTIVE, "secret": new_token(), "redirect_uris": (), "scopes": (),
            "authorized_flows": (),
        }  # fmt: skip
        key = write_keys.insert_key(tx, values)
        write_bindings.ensure_binding(tx, site, key, BindingState.ON)
        for number in range(30):
            user = write_users.insert_user(tx, name=f"P {number}", short_name="P", sortable_name="P")
            homes = {name: chance.randint(0, 2) for name in roots}
            for name, many in homes.items():
                for login in range(many):
                    write_users.insert_login(
                        tx, user_id=UserId(user), account_id=roots[name], unique_id=f"p{number}-{login}",
                        password_hash=None,
                    )  # fmt: skip
            mine = 0
            for _ in range(chance.randint(0, 3)):
                state = chance.choice((TokenState.ACTIVE, TokenState.ACTIVE, TokenState.DELETED))
                expires_at = chance.choice((None, tx.now + DAY, tx.now - DAY))
                write_tokens.insert_token(
                    tx, user_id=UserId(user), key_id=key, access=new_token(), refresh=None, scopes=(), state=state,
                    expires_at=expires_at,
                )  # fmt: skip
                mine += state is TokenState.ACTIVE and (expires_at is None or expires_at > tx.now)
            for name in ("site", *(name for name, many in homes.items() if many)):
                people[name] += mine > 0
                live[name] += mine

    with database.read() as tx:
        asked = read_keys.get_key(tx, key)
        for name, root_id in (("site", site), *roots.items()):
            found = authorised(tx, asked, read_accounts.get_account(tx, root_id))
            assert found == (people[name], live[name]), name
