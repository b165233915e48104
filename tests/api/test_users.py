import pytest

from keystead.core.ids import AccountId
from keystead.core.instants import HOUR
from keystead.storage.read.accounts import get_account
from keystead.storage.read.users import find_sign_in
from keystead.storage.transaction import Origin
from keystead.storage.vault import new_session_id
from keystead.storage.write.sessions import insert_session
from world import Bench, Response


def people(account: int) -> str:
    return f"/api/v1/accounts/{account}/users"


def test_a_person_is_made_with_a_login_to_the_tenant(world: Bench) -> None:
    root = world.root_account()
    college = world.sub_account(root)
    form = {
        "user[name]": "Grace Brewster Hopper",
        "pseudonym[unique_id]": " grace@example.edu ",
        "pseudonym[password]": "correct horse",
    }

    made = world.site("POST", people(college), form=form).json

    assert made["sortable_name"] == "Hopper, Grace Brewster"
    assert made["short_name"] == "Grace Brewster Hopper"
    assert (made["login_id"], made["email"]) == ("grace@example.edu", "grace@example.edu")
    assert made["effective_locale"] == "en"
    (entry,) = world.audited("user.created")
    assert (entry.subject_id, entry.account_id) == (made["id"], root)
    assert "correct horse" not in str(entry)
    with world.database.read() as tx:
        found = find_sign_in(tx, "GRACE@example.edu", get_account(tx, root))
    assert found is not None
    assert found.password_hash is not None
    assert found.password_hash.startswith("$argon2id$")


def test_the_address_given_wins_and_a_login_without_at_sign_is_none(world: Bench) -> None:
    root = world.root_account()
    form = {"pseudonym[unique_id]": "ghopper"}

    without = world.site("POST", people(root), form=form).json
    given = world.site(
        "POST",
        people(root),
        json={
            "pseudonym": {"unique_id": "other"},
            "communication_channel": {"type": "email", "address": "a@b.example"},
        },
    ).json

    assert (without["name"], without["email"]) == ("ghopper", None)
    assert given["email"] == "a@b.example"


def test_a_login_name_is_taken_in_its_tenant_only(world: Bench) -> None:
    one, two = world.root_account("One"), world.root_account("Two")
    world.person(one, login="ada")

    again = world.site("POST", people(one), form={"pseudonym[unique_id]": "ADA"})
    elsewhere = world.site("POST", people(two), form={"pseudonym[unique_id]": "ada"})

    assert again.status == 400
    assert again.json["errors"]["pseudonym"]["unique_id"] == [
        {
            "attribute": "unique_id",
            "type": "taken",
            "message": "ID already in use for this account and authentication provider",
        }
    ]
    assert elsewhere.status == 200


@pytest.mark.parametrize(
    ("body", "group", "attribute"),
    [
        ({"pseudonym": {"unique_id": "  ", "password": "x" * 8}}, "pseudonym", "unique_id"),
        ({"pseudonym": {"unique_id": "x" * 256}}, "pseudonym", "unique_id"),
        ({"pseudonym": {"unique_id": "a\tb"}}, "pseudonym", "unique_id"),
        ({"pseudonym": {"unique_id": "a", "password": "short"}}, "pseudonym", "password"),
        ({"pseudonym": {"unique_id": "a", "password": "x" * 1025}}, "pseudonym", "password"),
        ({"pseudonym": {"unique_id": "a"}, "user": {"name": "x" * 256}}, "user", "name"),
        ({"pseudonym": {"unique_id": "a"}, "user": {"locale": "english!"}}, "user", "locale"),
        (
            {"pseudonym": {"unique_id": "a"}, "communication_channel": {"address": "nowhere"}},
            "communication_channel",
            "address",
        ),
    ],
)
def test_what_is_wrong_with_a_new_person_is_said(world: Bench, body: object, group: str, attribute: str) -> None:
    refused = world.site("POST", people(world.root_account()), json=body)

    assert refused.status == 400
    assert list(refused.json["errors"][group]) == [attribute]


def test_malformed_bodies_are_refused(world: Bench) -> None:
    path = people(world.root_account())

    assert world.site("POST", path, json={"user": {"name": "x"}}).message == "pseudonym is missing"
    bodies: tuple[dict[str, object], ...] = (
        {"pseudonym": {"unique_id": {}}},
        {"pseudonym": ["a"]},
        {"pseudonym": {"unique_id": "a"}, "user": "x"},
        {"pseudonym": {"unique_id": "a"}, "user": {"name": []}},
        {"pseudonym": {"unique_id": "a\0"}},
    )
    for body in bodies:
        assert world.site("POST", path, json=body).status == 400


def test_people_are_listed_and_searched_by_those_who_read_the_roster(world: Bench) -> None:
    root, other = world.root_account("One"), world.root_account("Two")
    admin, stranger = world.admin(root), world.admin(other)
    ada = world.person(root, "Ada Lovelace", "countess")
    world.person(other, "Ada Elsewhere")

    def found(term: str) -> list[int]:
        listed = world.call("GET", f"{people(root)}?search_term={term}", token=admin.token).json
        return [person["id"] for person in listed]

    assert found("countess") == [ada.id]
    assert ada.id in found("lovel")
    assert found("%25") == []
    assert world.call("GET", people(root), token=ada.token).status == 403
    assert world.call("GET", people(root), token=stranger.token, host="two.test").status == 404
    assert world.site("GET", f"{people(root)}?search_term[]=x").status == 400


def test_a_sub_account_lists_its_administrators_only(world: Bench) -> None:
    root = world.root_account()
    college = world.sub_account(root)
    admin = world.admin(college)
    world.person(root)

    listed = world.call("GET", people(college), token=admin.token)

    assert [person["id"] for person in listed.json] == [admin.id]
    assert world.call("GET", people(root), token=admin.token).status == 403
    form = {"pseudonym[unique_id]": "new"}
    assert world.call("POST", people(college), token=admin.token, form=form).status == 403


def test_people_see_themselves_and_tenants_never_see_each_other(world: Bench) -> None:
    root, other = world.root_account("One"), world.root_account("Two")
    admin, ada, peer = world.admin(root), world.person(root), world.person(root)
    foreign_admin = world.admin(other)

    assert world.call("GET", "/api/v1/users/self", token=ada.token).json["id"] == ada.id
    assert world.call("GET", f"/api/v1/users/{10**13 + ada.id}", token=admin.token).json["id"] == ada.id
    assert world.call("GET", f"/api/v1/users/{ada.id}", token=peer.token).status == 403
    assert world.call("GET", f"/api/v1/users/{ada.id}", token=foreign_admin.token, host="two.test").status == 404
    assert world.call("GET", "/api/v1/users/1", token=admin.token).status == 404
    assert world.site("GET", "/api/v1/users/4711").status == 404
    assert world.site("GET", "/api/v1/users/sis_user_id:x").status == 404


def test_the_profile_is_what_login_libraries_read(world: Bench) -> None:
    root = world.root_account()
    ada = world.person(root, "Ada Lovelace", "ada@example.edu")

    profile = world.call("GET", f"/api/v1/users/self/profile?access_token={ada.token}").json

    assert profile["id"] == ada.id
    assert profile["name"] == "Ada Lovelace"
    assert profile["primary_email"] == "ada@example.edu"
    assert profile["login_id"] == "ada@example.edu"
    assert profile["time_zone"] == "America/Denver"


def test_people_change_themselves_and_administrators_change_them(world: Bench) -> None:
    root, other = world.root_account("One"), world.root_account("Two")
    admin, ada, peer = world.admin(root), world.person(root), world.person(root)
    stranger = world.admin(other)
    path = f"/api/v1/users/{ada.id}"

    own = world.call("PUT", "/api/v1/users/self", token=ada.token, form={"user[name]": "Countess", "user[email]": ""})
    by_admin = world.call("PUT", path, token=admin.token, json={"user": {"locale": "de", "email": "a@b.example"}})

    assert own.json["name"] == "Countess"
    assert by_admin.json["effective_locale"] == "de"
    assert by_admin.json["email"] == "a@b.example"
    form = {"user[name]": "Hacked"}
    assert world.call("PUT", path, token=peer.token, form=form).status == 403
    assert world.call("PUT", path, token=stranger.token, form=form, host="two.test").status == 404
    assert world.call("PUT", path, token=ada.token).message == "user is missing"
    assert list(world.call("PUT", path, token=ada.token, form={"user[name]": ""}).json["errors"]) == ["name"]
    assert list(world.call("PUT", path, token=ada.token, form={"user[email]": "x"}).json["errors"]) == ["email"]
    assert [entry.user_id for entry in world.audited("user.updated")] == [ada.id, admin.id]


def test_a_suspended_person_can_do_nothing_until_that_is_taken_back(world: Bench) -> None:
    root = world.root_account()
    admin, ada = world.admin(root), world.person(root)
    with world.database.write(Origin(surface="test")) as tx:
        insert_session(tx, new_session_id(), user_id=ada.id, account_id=AccountId(root), csrf="x")
    path = f"/api/v1/users/{ada.id}"

    suspended = world.call("PUT", path, token=admin.token, form={"user[event]": "suspend"})
    during = world.call("GET", "/api/v1/users/self", token=ada.token)
    back = world.call("PUT", path, token=admin.token, form={"user[event]": "unsuspend"})
    after = world.call("GET", "/api/v1/users/self", token=ada.token)

    assert (suspended.json["suspended"], back.json["suspended"]) == (True, False)
    assert (during.status, after.status) == (401, 200)
    (entry,) = world.audited("user.suspended")
    assert entry.after == {"sessions_ended": 1}
    assert world.call("PUT", path, token=admin.token, form={"user[event]": "explode"}).status == 400
    assert world.call("PUT", path, token=ada.token, form={"user[event]": "suspend"}).status == 403


def test_nobody_suspends_or_removes_who_may_do_more_or_themselves(world: Bench) -> None:
    root = world.root_account()
    role = world.role(root, "Registrar", "manage_user_logins", "read_roster")
    registrar, admin = world.admin(root, role), world.admin(root)
    form = {"user[event]": "suspend"}

    assert world.call("PUT", f"/api/v1/users/{admin.id}", token=registrar.token, form=form).status == 403
    assert world.call("PUT", f"/api/v1/users/{admin.id}", token=registrar.token, form={"user[name]": "x"}).status == 403
    assert world.call("DELETE", f"{people(root)}/{admin.id}", token=registrar.token).status == 403
    assert world.call("PUT", f"/api/v1/users/{registrar.id}", token=registrar.token, form=form).status == 400
    assert world.call("DELETE", f"{people(root)}/{registrar.id}", token=registrar.token).status == 400
    assert world.call("PUT", f"/api/v1/users/{registrar.id}", token=admin.token, form=form).status == 200


def test_a_tenant_alone_cannot_suspend_whom_another_shares(world: Bench) -> None:
    one, two = world.root_account("One"), world.root_account("Two")
    admin, ada = world.admin(one), world.person(one)
    world.share(ada.id, two)
    path = f"/api/v1/users/{ada.id}"

    assert world.call("PUT", path, token=admin.token, form={"user[event]": "suspend"}).status == 403
    assert world.call("PUT", path, token=admin.token, form={"user[name]": "Ada"}).status == 200
    assert world.site("PUT", path, form={"user[event]": "suspend"}).status == 200


def test_removing_the_last_login_deletes_the_person(world: Bench) -> None:
    root = world.root_account()
    admin, ada = world.admin(root), world.admin(root)

    removed = world.call("DELETE", f"{people(root)}/{ada.id}", token=admin.token)

    assert removed.json["id"] == ada.id
    assert world.call("GET", "/api/v1/users/self", token=ada.token).status == 401
    assert world.site("GET", f"/api/v1/users/{ada.id}").status == 404
    assert world.call("DELETE", f"{people(root)}/{ada.id}", token=admin.token).status == 404
    listed = world.site("GET", f"/api/v1/accounts/{root}/admins").json
    assert [seat["user"]["id"] for seat in listed] == [admin.id]
    (entry,) = world.audited("user.deleted")
    assert entry.after == {"roles_ended": 1, "sessions_ended": 0}
    again = world.site("POST", people(root), form={"pseudonym[unique_id]": removed.json["login_id"]})
    assert again.status == 200


def test_removing_one_of_two_logins_ends_the_roles_of_that_tenant(world: Bench) -> None:
    one, two = world.root_account("One"), world.root_account("Two")
    ada = world.admin(one)
    world.share(ada.id, two)
    college = world.sub_account(two)
    assert world.site("POST", f"/api/v1/accounts/{college}/admins", form={"user_id": ada.id}).status == 200

    assert world.site("DELETE", f"{people(one)}/{ada.id}").status == 200

    def seen(path: str, host: str) -> Response:
        return world.call("GET", path, token=ada.token, host=host)

    assert seen("/api/v1/users/self", "one.test").status == 401
    assert seen("/api/v1/users/self", "two.test").status == 200
    assert [account["id"] for account in seen("/api/v1/accounts", "two.test").json] == [college]


def test_site_admin_has_people_of_its_own(world: Bench) -> None:
    operator = world.person(1, login="operator")

    world.clock.now = type(world.clock.now)(world.clock.now + HOUR)

    assert world.call("GET", "/api/v1/users/self", token=operator.token).json["login_id"] == "operator"
    assert world.call("GET", "/api/v1/accounts/site_admin/users", token=operator.token).status == 403
    assert operator.id in [one["id"] for one in world.site("GET", "/api/v1/accounts/site_admin/users").json]
