"""Each of the 31 scopes, in the order of the published list: who gets 200, and what the wrong person gets."""

import pytest

from sandbox_lms_bench import Sandbox

A, T, TA, D, S, X = "admin", "teacher", "ta", "designer", "student", "stranger"
TRACKS = [{"locale": "fr", "content": "1\n00:00:01,000 --> 00:00:02,000\nBonjour\n"}]

SCOPES = [
    ("GET /accounts/2", "GET", "/accounts/2", None, A, (T, 403)),
    ("GET /accounts/:account_id/sub_accounts", "GET", "/accounts/self/sub_accounts", None, A, (S, 403)),
    ("GET /accounts/:account_id/courses", "GET", "/accounts/2/courses", None, A, (T, 403)),
    ("GET /accounts/:account_id/terms", "GET", "/accounts/2/terms", None, A, (T, 403)),
    ("GET assignments", "GET", "/courses/101/assignments", None, S, (X, 403)),
    ("GET assignment", "GET", "/courses/101/assignments/10104", None, TA, (S, 404)),
    ("PUT assignment", "PUT", "/courses/101/assignments/10100", {"assignment": {"name": "New"}}, T, (TA, 403)),
    ("GET blueprint_subscriptions", "GET", "/courses/101/blueprint_subscriptions", None, D, (S, 403)),
    ("GET migrations", "GET", "/courses/101/blueprint_subscriptions/default/migrations", None, T, (S, 403)),
    ("GET content_migrations", "GET", "/courses/101/content_migrations", None, T, (S, 403)),
    ("GET course", "GET", "/courses/101", None, S, (X, 403)),
    ("PUT course", "PUT", "/courses/101", {"course": {"name": "New"}}, T, (TA, 403)),
    ("POST files", "POST", "/courses/101/files", {"name": "a.txt", "size": 3}, TA, (S, 403)),
    ("GET topics", "GET", "/courses/101/discussion_topics", None, S, (X, 403)),
    ("GET topic", "GET", "/courses/101/discussion_topics/10102", None, T, (S, 404)),
    ("PUT topic", "PUT", "/courses/101/discussion_topics/10100", {"title": "New"}, TA, (S, 403)),
    ("GET files", "GET", "/courses/101/files", None, S, (X, 403)),
    ("GET file", "GET", "/courses/101/files/10105", None, T, (S, 404)),
    ("PUT file", "PUT", "/files/10100", {"name": "New.pdf"}, TA, (S, 403)),
    ("DELETE file", "DELETE", "/files/10100", None, T, (TA, 403)),
    ("GET media_objects", "GET", "/courses/101/media_objects", None, S, (X, 403)),
    ("PUT media_object", "PUT", "/media_objects/m-lfu101a", {"user_entered_title": "New"}, TA, (S, 403)),
    ("GET media_tracks", "GET", "/media_objects/m-lfu101a/media_tracks", None, S, (X, 404)),
    ("PUT media_tracks", "PUT", "/media_objects/m-lfu101a/media_tracks", TRACKS, D, (X, 404)),
    ("GET pages", "GET", "/courses/101/pages", None, S, (X, 403)),
    ("GET page", "GET", "/courses/101/pages/notes-for-teachers", None, T, (S, 404)),
    ("PUT page", "PUT", "/courses/101/pages/welcome", {"wiki_page": {"body": "New"}}, TA, (S, 403)),
    ("GET quizzes", "GET", "/courses/101/quizzes", None, S, (X, 403)),
    ("GET quiz", "GET", "/courses/101/quizzes/10102", None, T, (S, 404)),
    ("PUT quiz", "PUT", "/courses/101/quizzes/10100", {"quiz": {"title": "New"}}, D, (TA, 403)),
]


def test_the_list_of_accounts_is_empty_for_those_who_administer_none(sandbox: Sandbox) -> None:
    """The remaining scope: Canvas answers 200 to everybody and lists what they administer."""
    assert [each["id"] for each in sandbox.get(A, "/accounts").json()] == [2]
    assert [each["id"] for each in sandbox.get("college", "/accounts").json()] == [3]
    assert sandbox.get(T, "/accounts").json() == sandbox.get(X, "/accounts").json() == []


def test_with_the_list_of_accounts_the_table_has_31_scopes() -> None:
    assert len(SCOPES) + 1 == 31


@pytest.mark.parametrize(("scope", "verb", "path", "body", "right", "wrong"), SCOPES, ids=[row[0] for row in SCOPES])
def test_the_right_person_is_answered_and_the_wrong_one_refused(
    sandbox: Sandbox,
    scope: str,
    verb: str,
    path: str,
    body: object,
    right: str,
    wrong: tuple[str, int],
) -> None:
    person, status = wrong

    refused = sandbox.ask(person, verb, path, json=body)
    answered = sandbox.ask(right, verb, path, json=body)

    assert (refused.status_code, answered.status_code) == (status, 200), answered.text
    assert refused.json()["errors"]
