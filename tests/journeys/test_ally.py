"""The whole main job over real HTTP: a scoped key made, turned on, consented to, enforced, turned off and on again."""

from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from journeys.browsing import agree, answered, authorization_url, sign_in
from journeys.conftest import Installation

SCOPES = (Path(__file__).parent / "ally_scopes.txt").read_text().split()
REDIRECT = "https://ally.example.com/api/v1/20001/lti/institution/callback"
LISTED: dict[str, tuple[str, object]] = {
    "url:GET|/api/v1/accounts": ("/api/v1/accounts", None),
    "url:GET|/api/v1/accounts/:id": ("/api/v1/accounts/2", None),
    "url:GET|/api/v1/accounts/:account_id/sub_accounts": ("/api/v1/accounts/2/sub_accounts", None),
    "url:GET|/api/v1/accounts/:account_id/courses": ("/api/v1/accounts/2/courses", None),
    "url:GET|/api/v1/courses/:course_id/assignments": ("/api/v1/courses/101/assignments", None),
    "url:GET|/api/v1/courses/:course_id/assignments/:id": ("/api/v1/courses/101/assignments/10101", None),
    "url:PUT|/api/v1/courses/:course_id/assignments/:id": (
        "/api/v1/courses/101/assignments/10101",
        {"assignment": {"name": "Renamed"}},
    ),
    "url:GET|/api/v1/courses/:course_id/blueprint_subscriptions": (
        "/api/v1/courses/101/blueprint_subscriptions",
        None,
    ),
    "url:GET|/api/v1/courses/:course_id/blueprint_subscriptions/:subscription_id/migrations": (
        "/api/v1/courses/101/blueprint_subscriptions/default/migrations",
        None,
    ),
    "url:GET|/api/v1/courses/:course_id/content_migrations": ("/api/v1/courses/101/content_migrations", None),
    "url:GET|/api/v1/courses/:id": ("/api/v1/courses/101", None),
    "url:PUT|/api/v1/courses/:id": ("/api/v1/courses/101", {"course": {"name": "Composition"}}),
    "url:POST|/api/v1/courses/:course_id/files": ("/api/v1/courses/101/files", {"name": "a.txt", "size": 1}),
    "url:GET|/api/v1/courses/:course_id/discussion_topics": ("/api/v1/courses/101/discussion_topics", None),
    "url:GET|/api/v1/courses/:course_id/discussion_topics/:topic_id": (
        "/api/v1/courses/101/discussion_topics/10101",
        None,
    ),
    "url:PUT|/api/v1/courses/:course_id/discussion_topics/:topic_id": (
        "/api/v1/courses/101/discussion_topics/10101",
        {"title": "Introductions"},
    ),
    "url:GET|/api/v1/accounts/:account_id/terms": ("/api/v1/accounts/2/terms", None),
    "url:GET|/api/v1/courses/:course_id/files": ("/api/v1/courses/101/files", None),
    "url:GET|/api/v1/courses/:course_id/files/:id": ("/api/v1/courses/101/files/10101", None),
    "url:PUT|/api/v1/files/:id": ("/api/v1/files/10101", {"name": "syllabus-2.pdf"}),
    "url:DELETE|/api/v1/files/:id": ("/api/v1/files/{spare}", None),
    "url:GET|/api/v1/courses/:course_id/media_objects": ("/api/v1/courses/101/media_objects", None),
    "url:PUT|/api/v1/media_objects/:media_object_id": ("/api/v1/media_objects/m-lfu101a", {"user_entered_title": "T"}),
    "url:GET|/api/v1/media_objects/:media_object_id/media_tracks": (
        "/api/v1/media_objects/m-lfu101a/media_tracks",
        None,
    ),
    "url:PUT|/api/v1/media_objects/:media_object_id/media_tracks": (
        "/api/v1/media_objects/m-lfu101a/media_tracks",
        [{"locale": "de", "content": "1\n00:00:00,000 --> 00:00:01,000\nHallo"}],
    ),
    "url:GET|/api/v1/courses/:course_id/pages": ("/api/v1/courses/101/pages", None),
    "url:GET|/api/v1/courses/:course_id/pages/:url_or_id": ("/api/v1/courses/101/pages/notes-for-teachers", None),
    "url:PUT|/api/v1/courses/:course_id/pages/:url_or_id": (
        "/api/v1/courses/101/pages/notes-for-teachers",
        {"wiki_page": {"body": "<p>Alternative text added.</p>"}},
    ),
    "url:GET|/api/v1/courses/:course_id/quizzes": ("/api/v1/courses/101/quizzes", None),
    "url:GET|/api/v1/courses/:course_id/quizzes/:id": ("/api/v1/courses/101/quizzes/10101", None),
    "url:PUT|/api/v1/courses/:course_id/quizzes/:id": ("/api/v1/courses/101/quizzes/10101", {"quiz": {"title": "Q"}}),
}
ADMINISTRATORS_ONLY = (
    "/api/v1/accounts/2/sub_accounts",
    "/api/v1/accounts/2/courses",
    "/api/v1/accounts/2/terms",
)
INSUFFICIENT = {"errors": [{"message": "Insufficient scopes on access token."}]}
INVALID = {"errors": [{"message": "Invalid access token."}]}
CHALLENGE = 'Bearer realm="canvas-lms"'


@dataclass
class Ally:
    """The vendor's key at the institution, and what the vendor holds."""

    installation: Installation
    admin: str
    key_id: int
    secret: str
    token: str = ""
    refresh: str = ""

    def switch(self, state: str) -> None:
        """Set the institution's decision about the key."""
        path = f"/api/v1/accounts/self/developer_keys/{self.key_id}/developer_key_account_bindings"
        answer = self.installation.call(
            "POST", path, self.admin, data={"developer_key_account_binding[workflow_state]": state}
        )
        assert answer.status_code in (200, 201), answer.text
        assert answer.json()["workflow_state"] == state


@pytest.fixture(scope="module")
def admin(installation: Installation) -> str:
    """An API token of the institution's administrator, made by Site Admin."""
    made = installation.call(
        "POST", "/api/v1/users/2/tokens", installation.bootstrap_token, data={"token[purpose]": "journey"}
    )
    assert made.status_code == 200, made.text
    token = made.json()["visible_token"]
    return str(token)


@pytest.fixture(scope="module")
def ally(installation: Installation, admin: str) -> Ally:
    form = {
        "developer_key[name]": "Ally",
        "developer_key[email]": "ally@example.com",
        "developer_key[redirect_uris]": REDIRECT,
        "developer_key[require_scopes]": "true",
        "developer_key[allow_includes]": "true",
        "developer_key[auto_expire_tokens]": "true",
        "developer_key[scopes][]": SCOPES,
    }
    made = installation.call("POST", "/api/v1/accounts/self/developer_keys", admin, data=form)
    assert made.status_code == 200, made.text
    key = made.json()
    assert key["scopes"] == SCOPES
    assert key["developer_key_account_binding"]["workflow_state"] == "off"
    return Ally(installation=installation, admin=admin, key_id=key["id"], secret=key["api_key"])


def ask(ally: Ally, login: str, **more: str) -> dict[str, str]:
    """Let a person sign in and agree; return what the vendor is told."""
    with ally.installation.client() as browser:
        sign_in(browser, login, f"keystead-{login}")
        sent = browser.get(authorization_url(str(ally.key_id), REDIRECT, scope=" ".join(SCOPES), state="s1", **more))
        if sent.headers["location"].startswith(REDIRECT):
            return answered(sent)
        assert sent.headers["location"].endswith("/login/oauth2/confirm")
        return answered(agree(browser))


def granted_token(ally: Ally, login: str) -> str:
    """Let a person agree; return the token that the vendor exchanges the code for."""
    form = {
        "grant_type": "authorization_code",
        "client_id": str(ally.key_id),
        "client_secret": ally.secret,
        "redirect_uri": REDIRECT,
        "code": ask(ally, login)["code"],
    }
    reply = ally.installation.call("POST", "/login/oauth2/token", None, data=form).json()
    return str(reply["access_token"])


def call(ally: Ally, scope: str, token: str) -> httpx.Response:
    """Call the listed endpoint of a scope on things of the sample institution."""
    verb = scope.removeprefix("url:").partition("|")[0]
    path, body = LISTED[scope]
    if "{spare}" in path:
        made = ally.installation.call("POST", "/api/v1/courses/101/files", token, json={"name": "spare.txt", "size": 1})
        path = path.replace("{spare}", str(made.json()["id"]))
    return ally.installation.call(verb, path, token, **({} if body is None else {"json": body}))


def test_a_key_that_is_off_is_refused_to_everybody(ally: Ally) -> None:
    told = ask(ally, "teacher")

    assert told == {
        "error": "unauthorized_client",
        "error_description": "Client does not have access to the specified Canvas account.",
        "state": "s1",
    }


def test_a_teacher_consents_and_the_vendor_gets_a_token(ally: Ally) -> None:
    ally.switch("on")
    told = ask(ally, "teacher")
    form = {
        "grant_type": "authorization_code",
        "client_id": str(ally.key_id),
        "client_secret": ally.secret,
        "redirect_uri": REDIRECT,
        "code": told["code"],
    }
    issued = ally.installation.call("POST", "/login/oauth2/token", None, data=form)

    assert told["state"] == "s1"
    assert issued.status_code == 200, issued.text
    reply = issued.json()
    ally.token, ally.refresh = reply["access_token"], reply["refresh_token"]
    assert reply["token_type"] == "Bearer"
    assert reply["user"]["global_id"] == f"1{reply['user']['id']:013}"
    assert 3590 <= reply["expires_in"] <= 3600


def test_the_listed_endpoints_are_the_scopes_of_the_key() -> None:
    assert list(LISTED) == SCOPES


@pytest.mark.parametrize("scope", SCOPES)
def test_every_endpoint_of_the_list_answers_as_far_as_the_teacher_may(ally: Ally, scope: str) -> None:
    """The scope never gives more than the person has: lists of an account are for its administrators."""
    path, form = LISTED[scope]

    answer = call(ally, scope, ally.token)

    if path in ADMINISTRATORS_ONLY:
        assert (answer.status_code, answer.json()["status"]) == (403, "unauthorized")
    else:
        assert answer.status_code == 200, (path, form, answer.text)


def test_every_endpoint_of_the_list_answers_an_administrator(ally: Ally) -> None:
    token = granted_token(ally, "admin")

    answers = {scope: call(ally, scope, token).status_code for scope in SCOPES}

    assert answers == dict.fromkeys(SCOPES, 200)


def test_what_the_vendor_writes_is_read_back_by_a_student_as_far_as_they_may(ally: Ally) -> None:
    token = granted_token(ally, "student")
    ally.installation.call(
        "PUT", "/api/v1/courses/101/pages/welcome", ally.token, json={"wiki_page": {"title": "Hello"}}
    )

    refused = ally.installation.call("PUT", "/api/v1/courses/101", token, data={"course[name]": "Mine"})
    read = ally.installation.call("GET", "/api/v1/courses/101/assignments/10101", token)

    assert refused.status_code == 403
    assert read.json()["name"] == "Renamed"


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/api/v1/courses/101/users"),
        ("GET", "/api/v1/users/self"),
        ("DELETE", "/api/v1/courses/101"),
        ("POST", "/api/graphql"),
        ("GET", "/api/v1/nothing/like/this"),
        ("GET", "/api/v1/courses/101/pages/"),
        ("GET", "/api/v1/accounts/2/developer_keys"),
    ],
)
def test_every_other_endpoint_gets_the_exact_refusal(ally: Ally, verb: str, path: str) -> None:
    answer = ally.installation.call(verb, path, ally.token)

    assert answer.status_code == 401
    assert answer.json() == INSUFFICIENT
    assert "www-authenticate" not in answer.headers


def test_off_means_off_for_the_very_next_call_and_on_brings_the_same_token_back(ally: Ally) -> None:
    for _ in range(10):
        ally.switch("off")
        refused = ally.installation.call("GET", "/api/v1/courses/101", ally.token)
        ally.switch("on")
        passed = ally.installation.call("GET", "/api/v1/courses/101", ally.token)

        assert (refused.status_code, refused.json()) == (401, INVALID)
        assert refused.headers["www-authenticate"] == CHALLENGE
        assert passed.status_code == 200


def test_a_refresh_gives_a_new_token_and_ends_the_old_one(ally: Ally) -> None:
    old = ally.token
    form = {
        "grant_type": "refresh_token",
        "client_id": str(ally.key_id),
        "client_secret": ally.secret,
        "refresh_token": ally.refresh,
    }

    reply = ally.installation.call("POST", "/login/oauth2/token", None, data=form).json()
    ally.token = reply["access_token"]

    assert "refresh_token" not in reply
    assert ally.installation.call("GET", "/api/v1/courses/101", old).json() == INVALID
    assert ally.installation.call("GET", "/api/v1/courses/101", ally.token).status_code == 200
