"""Are roles made, changed, given and taken on their page by those who may, and by nobody else?"""

import re

import pytest

from console.test_key_pages import words
from keystead.core.actors import Right
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from oauth_bench import NORTH, SOUTH, Browser, OAuthBench


class Desk:
    """Somebody at the page of north's roles."""

    def __init__(self, bench: OAuthBench, browser: Browser) -> None:
        self.bench = bench
        self.browser = browser
        self.address = f"/accounts/{bench.accounts[NORTH]}/roles"

    def text(self) -> str:
        return words(self.browser.get(self.address))

    def send(self, **form: str | list[str]) -> tuple[int, str]:
        """Send a form; return the status, and the words of the page or of the one that it leads to."""
        found = re.search(r'name="authenticity_token" value="([^"]*)"', self.browser.get(self.address).text)
        assert found is not None
        sent = {"authenticity_token": found.group(1), **form}
        answer = self.browser.request("POST", self.address, data=sent)
        return answer.status_code, words(answer) if answer.status_code != 302 else self.text()

    def role(self, label: str) -> str:
        with self.bench.database.read() as tx:
            north = read_accounts.get_account(tx, self.bench.accounts[NORTH])
            found = read_users.find_role_by_label(tx, label, north)
        assert found is not None
        return str(found.id)

    def rights(self, name: str) -> frozenset[Right]:
        with self.bench.database.read() as tx:
            north = read_accounts.get_account(tx, self.bench.accounts[NORTH])
            return read_users.rights_of(tx, self.bench.people[name], north)


@pytest.fixture
def desk(bench: OAuthBench) -> Desk:
    bench.administrator("ada", NORTH)
    return Desk(bench, bench.browser(NORTH).signed_in("ada"))


def test_an_auditor_is_made_given_and_taken_away_again(bench: OAuthBench, desk: Desk) -> None:
    bench.person("otto", NORTH)

    made = desk.send(do="auditor", because="the yearly check")
    role = desk.role("Auditor")
    given = desk.send(do="give", role=role, login="otto")
    holds = desk.rights("otto")
    taken = desk.send(do="take", role=role, person=str(bench.people["otto"]), because="it is over")

    assert made == (302, made[1])
    assert "The role Auditor is made. Give it to somebody next." in made[1]
    assert "Otto Person has the role Auditor now." in given[1]
    assert holds == {
        Right.VIEW_DEVELOPER_KEYS, Right.VIEW_DEVELOPER_KEY_AUDIT, Right.EXPORT_DEVELOPER_KEY_RECORDS,
    }  # fmt: skip
    assert "Otto Person has the role Auditor no more." in taken[1]
    assert desk.rights("otto") == frozenset()
    assert [entry.because for entry in bench.audited("role.created")] == ["the yearly check"]
    assert [entry.because for entry in bench.audited("admin.dismissed")] == ["it is over"]


def test_a_role_is_made_and_changed_with_boxes(bench: OAuthBench, desk: Desk) -> None:
    made = desk.send(do="make", label="Help desk", **{"rights[]": ["switch_developer_keys", "read_roster"]})
    role = desk.role("Help desk")
    changed = desk.send(do="change", role=role, label="Desk", **{"rights[]": ["switch_developer_keys"]})
    rested = desk.send(do="deactivate", role=role)
    back = desk.send(do="activate", role=role)

    assert [answer[0] for answer in (made, changed, rested, back)] == [302] * 4
    assert "Turn keys on and off, end the access of people" in made[1]
    assert (
        "See keys, who decided, vetting, usage, impact, people, requests and notices (follows from another)" in made[1]
    )
    (entry,) = bench.audited("role.updated")
    assert entry.before == {"label": "Help desk", "permissions": ["read_roster", "switch_developer_keys"]}
    assert entry.after == {"label": "Desk", "permissions": ["switch_developer_keys"]}
    assert "out of use" in rested[1]


def test_what_cannot_be_done_is_said_and_nothing_is_made(bench: OAuthBench, desk: Desk) -> None:
    desk.send(do="make", label="Taken")
    role = desk.role("Taken")

    answers = {
        "taken": desk.send(do="make", label="Taken"),
        "nameless": desk.send(do="make", label=" "),
        "nobody": desk.send(do="give", role=role, login="nobody at all"),
        "stranger": desk.send(do="give", role=role, login="sue"),
        "no role": desk.send(do="give", role="999999", login="pat"),
        "built in": desk.send(do="deactivate", role=desk.role("AccountAdmin")),
        "nothing": desk.send(do="dance"),
    }

    assert {name: status for name, (status, _) in answers.items()} == dict.fromkeys(answers, 400)
    assert "A role with this label already exists" in answers["taken"][1]
    assert "Nobody signs in here with this login." in answers["nobody"][1]
    assert "a built-in role cannot be changed" in answers["built in"][1]


def test_nobody_gives_on_the_page_what_they_lack_themselves(bench: OAuthBench, desk: Desk) -> None:
    bench.holder("rolf", NORTH, Right.MANAGE_ROLE_OVERRIDES, Right.MANAGE_ACCOUNT_MEMBERSHIPS, Right.READ_ROSTER)
    desk.send(do="make", label="Roster", **{"rights[]": ["read_roster", "switch_developer_keys"]})
    theirs = Desk(bench, bench.browser(NORTH).signed_in("rolf"))

    page = theirs.text()
    auditor = theirs.send(do="auditor", label="Mine")
    made = theirs.send(do="make", label="Sly", **{"rights[]": ["read_roster", "manage_developer_keys"]})
    given = theirs.send(do="give", role=theirs.role("AccountAdmin"), login="rolf")
    kept = theirs.send(do="change", role=theirs.role("Roster"), label="Roster two")

    assert "It takes rights that you lack yourself." in page
    assert "(you lack it yourself)" in page
    assert (auditor[0], given[0]) == (403, 403)
    assert "it takes a right that you lack yourself" in auditor[1]
    assert (made[0], kept[0]) == (302, 302)
    after = {entry.after["label"]: entry.after.get("permissions") for entry in bench.audited("role.created")}
    assert after["Sly"] == ["read_roster"]
    assert bench.audited("role.updated")[0].after == {"label": "Roster two", "permissions": ["switch_developer_keys"]}


def test_whoever_only_gives_roles_or_only_makes_them_is_told_so(bench: OAuthBench) -> None:
    bench.holder("gwen", NORTH, Right.MANAGE_ACCOUNT_MEMBERSHIPS)
    bench.holder("mira", NORTH, Right.MANAGE_ROLE_OVERRIDES)
    gives, makes = (Desk(bench, bench.browser(NORTH).signed_in(name)) for name in ("gwen", "mira"))

    assert "Your role may give roles to people, not make or change them." in gives.text()
    assert "Your role may make and change roles, not give them to people." in makes.text()
    assert "Give a role to somebody" not in makes.text()
    assert "A new role" not in gives.text()
    assert gives.send(do="make", label="No")[0] == 403


def test_roles_of_another_institution_are_not_there(bench: OAuthBench, desk: Desk) -> None:
    south = bench.accounts[SOUTH]

    assert desk.browser.get(f"/accounts/{south}/roles").status_code == 404
    assert desk.browser.get("/accounts/999999/roles").status_code == 404


def test_whoever_looks_after_roles_finds_those_of_each_account_from_the_list_of_accounts(bench: OAuthBench) -> None:
    college = bench.sub_account(NORTH)
    bench.holder("rolf", NORTH, Right.MANAGE_ROLE_OVERRIDES)
    bench.holder("viola", NORTH, Right.VIEW_DEVELOPER_KEYS)

    listed = {name: bench.browser(NORTH).signed_in(name).get("/accounts").text for name in ("rolf", "viola")}

    assert f'href="/accounts/{college}/roles"' in listed["rolf"]
    assert "/developer_keys" not in listed["rolf"]
    assert "/roles" not in listed["viola"]
    assert bench.browser(NORTH).signed_in("rolf").get(f"/accounts/{college}/roles").status_code == 200
