from keystead.actions.passwords import is_password
from keystead.actions.sample import load_sample, read_institution
from keystead.core.accounts import AccountKind
from keystead.core.actors import Right
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.read.pages import Window
from keystead.storage.transaction import Transaction
from keystead.storage.write import accounts as write_accounts
from keystead.storage.write import users as write_users

SMALL = {
    "root_account": {"id": 2, "name": "Small"},
    "sub_accounts": [{"id": 30, "name": "A", "parent_id": 2}, {"id": 40, "name": "B", "parent_id": 30}],
    "people": [
        {
            "id": 7,
            "name": "Ada Lovelace",
            "short_name": "Ada",
            "sortable_name": "Lovelace, Ada",
            "login": "Ada",
            "email": "ada@example.edu",
            "password": "of the engine",
        },
        {
            "id": 9,
            "name": "Mary",
            "short_name": "Mary",
            "sortable_name": "Mary",
            "login": "mary",
            "email": "mary@example.edu",
        },
    ],
    "admins": [{"login": "Ada", "account_id": 30, "role": "AccountAdmin"}],
}


def test_an_institution_is_stored_under_its_own_ids(tx: Transaction) -> None:
    load_sample(tx, SMALL)

    root = read_accounts.default_root(tx)
    assert (root.id, root.name, root.kind) == (2, "Small", AccountKind.ROOT)
    deep = read_accounts.get_account(tx, 40)
    assert [step.id for step in read_accounts.lineage(tx, deep)] == [40, 30, 2]
    assert read_users.has_right(tx, 7, Right.READ_ROSTER, deep)
    assert not read_users.has_right(tx, 7, Right.READ_ROSTER, root)


def test_only_people_with_a_password_can_sign_in(tx: Transaction) -> None:
    load_sample(tx, SMALL)
    root = read_accounts.default_root(tx)

    ada, mary = (read_users.find_sign_in(tx, login, root) for login in ("ada", "mary"))

    assert ada is not None
    assert mary is not None
    assert is_password("of the engine", ada.password_hash)
    assert mary.password_hash is None


def test_later_ids_stand_above_those_given(tx: Transaction) -> None:
    load_sample(tx, SMALL)

    account = write_accounts.insert_account(tx, name="Next", kind=AccountKind.ROOT, uuid="next")
    user = write_users.insert_user(tx, name="N", short_name="N", sortable_name="N")

    assert (account, user) == (41, 10)


def test_the_packaged_institution_loads_whole(tx: Transaction) -> None:
    institution = read_institution()

    load_sample(tx, institution)

    root = read_accounts.default_root(tx)
    found = read_users.list_users(tx, root, Window(limit=10), search=None)
    assert found.total == len(institution["people"])
    seats = read_users.list_seats(tx, root, Window(limit=10)).items
    assert [(seat.user_id, seat.role.label) for seat in seats] == [(2, "AccountAdmin"), (502, "Auditor")]
    assert read_users.rights_of(tx, 502, root) == {
        Right.VIEW_DEVELOPER_KEYS, Right.VIEW_DEVELOPER_KEY_AUDIT, Right.EXPORT_DEVELOPER_KEY_RECORDS,
    }  # fmt: skip
