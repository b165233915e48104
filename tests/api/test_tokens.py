"""People's tokens on Canvas's wire."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keystead.api import tokens
from keystead.core.accounts import Policy
from keystead.core.actors import Right
from keystead.core.instants import DAY, Instant
from tokens_bench import NORTH, SITE, SOUTH, START, TokenBench
from world import ROUTES, Clock, bench_in

INVALID = {"errors": [{"message": "Invalid access token."}]}
NOT_FOUND = {"errors": [{"message": "The specified resource does not exist."}]}
MINE = "/api/v1/users/self/tokens"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[TokenBench]:
    world = bench_in(tmp_path, Clock(), (*ROUTES, *tokens.ROUTES))
    yield TokenBench(world=world)
    world.close()


def made(bench: TokenBench, body: object = "token[purpose]=a", *, by: str = "pat") -> dict[str, object]:
    reply = bench.call("POST", MINE, body, by=by)
    assert reply.status == 200, reply
    return dict(reply.body)


def test_a_person_makes_a_token_that_works_and_is_shown_whole_once(bench: TokenBench) -> None:
    token = made(bench, "token[purpose]=Grades&token[expires_at]=2030-01-02T03:04:05Z&token[token]=chosen")

    shown = bench.call("GET", f"{MINE}/{token['id']}", by=str(token["visible_token"]))

    text = str(token["visible_token"])
    assert len(text) == 64
    assert token == {
        "id": token["id"],
        "created_at": "2027-01-15T08:00:00Z",
        "updated_at": "2027-01-15T08:00:00Z",
        "last_used_at": None,
        "expires_at": "2030-01-02T03:04:05Z",
        "purpose": "Grades",
        "user_id": bench.people["pat"],
        "real_user_id": None,
        "remember_access": False,
        "scopes": [],
        "workflow_state": "active",
        "app_name": "User-Generated",
        "visible_token": text,
        "can_manually_regenerate": True,
    }
    assert shown.status == 200
    assert shown.body == token | {"visible_token": f"{text[:5]}...", "last_used_at": "2027-01-15T08:00:00Z"}


def test_a_token_is_found_by_every_form_of_its_id_and_by_its_hint_which_counts_first(bench: TokenBench) -> None:
    token = made(bench)
    local, hint = token["id"], str(token["visible_token"])[:5]

    for reference in (local, 10_000_000_000_000 + int(str(local)), f"1~{local}", hint):
        assert bench.call("GET", f"{MINE}/{reference}", by="pat").body["id"] == local
    for reference in ("0", "99999", "abc", "2~1", "9" * 30, hint.swapcase() + "x"):
        assert bench.call("GET", f"{MINE}/{reference}", by="pat").body == NOT_FOUND


UNREADABLE = [
    ("", {"errors": [{"message": "token is missing"}]}),
    ({"token": {}}, {"errors": [{"message": "token is missing"}]}),
    ({"token": 3}, {"errors": [{"message": "token is missing"}]}),
    ("token[scopes][]=x", [{"message": "token[purpose] is missing"}]),
    ("token[purpose]= ", [{"message": "token[purpose] is missing"}]),
    ({"token": {"purpose": ["a"]}}, {"errors": [{"message": "token[purpose] must be a text"}]}),
    ("token[purpose]=a&token[expires_at]=soon", [{"message": "Invalid expiration date format"}]),
    ({"token": {"purpose": "a", "expires_at": 5}}, [{"message": "Invalid expiration date format"}]),
    ("token[purpose]=a&token[expires_at]=2001-01-01", [{"message": "Expiration date must be in the future"}]),
    ("token[purpose]=a&token[scopes]=x", {"errors": [{"message": "token[scopes] must be a list"}]}),
]


def test_a_wish_that_cannot_be_read_is_refused_and_makes_nothing(bench: TokenBench) -> None:
    replies = [bench.call("POST", MINE, body, by="pat") for body, _ in UNREADABLE]

    assert [(reply.status, reply.body) for reply in replies] == [(400, expected) for _, expected in UNREADABLE]
    assert bench.audit() == []


def test_a_purpose_that_is_too_long_is_named(bench: TokenBench) -> None:
    reply = bench.call("POST", MINE, {"token": {"purpose": "x" * 256}}, by="pat")

    words = "is too long (maximum is 255 characters)"
    assert reply.status == 400
    assert reply.body == {"errors": {"purpose": [{"attribute": "purpose", "type": words, "message": words}]}}


def test_scopes_are_kept_each_once(bench: TokenBench) -> None:
    token = made(bench, "token[purpose]=a&token[scopes][]=one&token[scopes][]=two&token[scopes][]=one")

    blanks = bench.call("POST", MINE, {"token": {"purpose": "a", "scopes": ["one two"]}}, by="pat")

    assert token["scopes"] == ["one", "two"]
    assert blanks.status == 400
    assert list(blanks.body["errors"]) == ["scopes"]


def test_a_token_made_for_somebody_waits_until_they_activate_it(bench: TokenBench) -> None:
    url = f"/api/v1/users/{bench.people['pat']}/tokens"
    token = bench.call("POST", url, "token[purpose]=a", by="ada").body
    activate = f"/api/keystead/v1/tokens/{token['id']}/activate"

    before = bench.call("GET", MINE + "/1", by=token["visible_token"])
    by_maker = bench.call("POST", activate, by="ada")
    masked = bench.call("POST", activate, by="ada", as_user=bench.people["pat"])
    activated = bench.call("POST", activate, by="pat")
    again = bench.call("POST", activate, by="pat")

    assert token["workflow_state"] == "pending"
    assert (before.status, before.body) == (401, INVALID)
    assert by_maker.status == 404
    assert masked.status == 403
    assert activated.body["workflow_state"] == "active"
    assert activated.body["visible_token"] == token["visible_token"][:5] + "..."
    assert (again.status, again.body) == (400, {"errors": {"token": ["is already active"]}})
    assert bench.call("GET", f"{MINE}/{token['id']}", by=token["visible_token"]).status == 200


def test_a_token_made_by_site_admins_administrator_for_somebody_works_at_once(bench: TokenBench) -> None:
    url = f"/api/v1/users/{bench.people['pat']}/tokens"

    token = bench.call("POST", url, {"token": {"purpose": "automation"}}, by="site").body
    masked = bench.call("POST", MINE, "token[purpose]=a", by="site", as_user=bench.people["pat"]).body

    assert token["workflow_state"] == "active"
    assert bench.call("GET", f"{MINE}/{token['id']}", by=token["visible_token"]).status == 200
    assert masked["workflow_state"] == "pending"
    assert masked["real_user_id"] == bench.people["site"]


def test_nobody_makes_a_token_for_somebody_with_rights_they_lack(bench: TokenBench) -> None:
    helper = bench.role(NORTH, Right.CREATE_ACCESS_TOKENS)
    bench.person("hal", NORTH, seats={NORTH: helper})
    bench.person("boss", NORTH, seats={NORTH: 1, SITE: 1})
    theirs = f"/api/v1/users/{bench.people['ada']}/tokens"
    token = made(bench, by="ada")

    assert bench.call("POST", f"/api/v1/users/{bench.people['pat']}/tokens", "token[purpose]=a", by="hal").status == 200
    assert bench.call("POST", theirs, "token[purpose]=a", by="hal").status == 403
    assert bench.call("PUT", f"{theirs}/{token['id']}", "token[regenerate]=1", by="hal").status == 404
    assert (
        bench.call("POST", f"/api/v1/users/{bench.people['boss']}/tokens", "token[purpose]=a", by="ada").status == 403
    )
    assert bench.call("POST", theirs, "token[purpose]=a", by="pat").status == 403


def test_tenants_never_reach_each_others_people(bench: TokenBench) -> None:
    token = made(bench)
    theirs = f"/api/v1/users/{bench.people['pat']}"

    replies = [
        bench.call("GET", f"{theirs}/user_generated_tokens", by="sue", host=SOUTH),
        bench.call("GET", f"{theirs}/tokens/{token['id']}", by="sue", host=SOUTH),
        bench.call("POST", f"{theirs}/tokens", "token[purpose]=a", by="sue", host=SOUTH),
        bench.call("PUT", f"{theirs}/tokens/{token['id']}", "token[purpose]=a", by="sue", host=SOUTH),
        bench.call("DELETE", f"{theirs}/tokens/{token['id']}", by="sue", host=SOUTH),
        bench.call("GET", "/api/v1/users/424242/user_generated_tokens", by="ada"),
    ]

    assert [(reply.status, reply.body) for reply in replies] == [(404, NOT_FOUND)] * 6
    assert bench.call("GET", f"{theirs}/tokens/{token['id']}", by="ada").status == 200
    assert bench.call("GET", f"{theirs}/tokens/{token['id']}", by="site", host=SOUTH).status == 200


def test_without_rights_others_tokens_are_not_there_and_their_list_is_refused(bench: TokenBench) -> None:
    token = made(bench, by="ada")
    theirs = f"/api/v1/users/{bench.people['ada']}"

    assert bench.call("GET", f"{theirs}/tokens/{token['id']}", by="pat").status == 404
    assert bench.call("PUT", f"{theirs}/tokens/{token['id']}", "token[purpose]=a", by="pat").status == 404
    assert bench.call("DELETE", f"{theirs}/tokens/{token['id']}", by="pat").status == 404
    assert bench.call("GET", f"{theirs}/user_generated_tokens", by="pat").status == 403
    assert bench.call("GET", f"{MINE}/{token['id']}", by="pat").status == 404
    assert bench.call("GET", MINE + "/1", by=None).status == 401


def test_where_personal_tokens_are_limited_only_those_with_the_right_make_them(bench: TokenBench) -> None:
    token = made(bench)
    bench.set_policies(NORTH, Policy.LIMIT_PERSONAL_TOKENS)
    refusal = {
        "status": "unauthorized",
        "errors": [{"message": "user not authorized to perform that action"}],
    }

    created = bench.call("POST", MINE, "token[purpose]=a", by="pat")
    renamed = bench.call("PUT", f"{MINE}/{token['id']}", "token[purpose]=b", by="pat")

    assert (created.status, created.body) == (403, refusal)
    assert (renamed.status, renamed.body) == (403, refusal)
    assert made(bench, by="ada")["workflow_state"] == "active"
    assert bench.call("DELETE", f"{MINE}/{token['id']}", by="pat").status == 200


def test_an_update_changes_what_is_named_and_a_blank_expiry_means_never(bench: TokenBench) -> None:
    token = made(bench, "token[purpose]=a&token[expires_at]=2030-01-01&token[scopes][]=one")
    url = f"{MINE}/{token['id']}"

    renamed = bench.call("PUT", url, "token[purpose]=b", by="pat").body
    unending = bench.call("PUT", url, "token[expires_at]=", by="pat").body
    same = bench.call("PUT", url, {"token": {"expires_at": None, "other": 1}}, by="pat").body
    blank = bench.call("PUT", url, "token[purpose]=", by="pat")

    assert (renamed["purpose"], renamed["expires_at"], renamed["scopes"]) == ("b", "2030-01-01T00:00:00Z", ["one"])
    assert renamed["visible_token"] == str(token["visible_token"])[:5] + "..."
    assert unending["expires_at"] is None
    assert same["purpose"] == "b"
    assert blank.status == 400
    assert [entry.action for entry in bench.audit()] == ["token.created", "token.updated", "token.updated"]


def test_a_regenerated_token_replaces_the_old_one(bench: TokenBench) -> None:
    old = made(bench)

    new = bench.call("PUT", f"{MINE}/{old['id']}", "token[regenerate]=1", by="pat").body

    assert len(new["visible_token"]) == 64
    assert new["workflow_state"] == "active"
    assert bench.call("GET", f"{MINE}/{old['id']}", by=str(old["visible_token"])).body == INVALID
    assert bench.call("GET", f"{MINE}/{old['id']}", by=new["visible_token"]).body["purpose"] == "a"


def test_regenerating_for_somebody_else_makes_the_token_wait_for_its_owner(bench: TokenBench) -> None:
    token = made(bench)
    url = f"/api/v1/users/{bench.people['pat']}/tokens/{token['id']}"

    by_admin = bench.call("PUT", url, "token[regenerate]=1", by="ada").body
    masked = bench.call("PUT", url, "token[regenerate]=1", by="ada", as_user=bench.people["pat"]).body
    by_owner = bench.call("PUT", url, "token[regenerate]=1", by="pat").body
    by_site = bench.call("PUT", url, "token[regenerate]=1", by="site").body

    assert (by_admin["workflow_state"], by_admin["real_user_id"]) == ("pending", None)
    assert (masked["workflow_state"], masked["real_user_id"]) == ("pending", bench.people["ada"])
    assert (by_owner["workflow_state"], by_owner["real_user_id"]) == ("pending", None)
    assert by_site["workflow_state"] == "active"


def test_an_expired_token_regenerates_only_with_a_new_expiry(bench: TokenBench) -> None:
    token = made(bench, "token[purpose]=a&token[expires_at]=2027-01-16")
    url = f"{MINE}/{token['id']}"
    bench.move_to(Instant(START + 2 * DAY))

    shown = bench.call("GET", url, by="pat").body
    refused = [
        bench.call("PUT", url, body, by="pat")
        for body in ("token[regenerate]=1", "token[regenerate]=1&token[expires_at]=")
    ]
    renewed = bench.call("PUT", url, "token[regenerate]=1&token[expires_at]=2028-01-01", by="pat").body

    assert shown["can_manually_regenerate"] is False
    words = "cannot regenerate an expired token without a new expiration date"
    assert [(reply.status, reply.body) for reply in refused] == [(400, {"errors": {"message": words}})] * 2
    assert bench.call("GET", url, by=str(token["visible_token"])).body == INVALID
    assert bench.call("GET", url, by=renewed["visible_token"]).status == 200


def test_an_integrations_token_is_its_owners_alone_and_only_its_purpose_changes(bench: TokenBench) -> None:
    token_id, text = bench.oauth_token("pat")
    theirs = f"/api/v1/users/{bench.people['pat']}/tokens/{text[:5]}"

    mine = bench.call("GET", f"{MINE}/{text[:5]}", by="pat").body
    change = "token[purpose]=b&token[regenerate]=1&token[expires_at]=2030-01-01&token[scopes][]=all"
    changed = bench.call("PUT", f"{MINE}/{token_id}", change, by="pat").body

    assert (mine["id"], mine["app_name"], mine["visible_token"]) == (token_id, "An app", None)
    assert mine["can_manually_regenerate"] is False
    assert changed["purpose"] == "b"
    assert (changed["visible_token"], changed["expires_at"]) == (None, None)
    assert changed["scopes"] == ["url:GET|/api/v1/courses"]
    for verb in ("GET", "DELETE"):
        assert bench.call(verb, theirs, by="ada").status == 404
        assert bench.call(verb, theirs, by="site").status == 404
    assert bench.call("PUT", theirs, "token[purpose]=c", by="site").status == 404
    deleted = bench.call("DELETE", f"{MINE}/{text[:5]}", by="pat")
    assert (deleted.status, deleted.body["workflow_state"]) == (200, "deleted")


@pytest.mark.parametrize("by", ["pat", "ada", "site"])
def test_a_deleted_token_is_gone_and_known_as_revoked(bench: TokenBench, by: str) -> None:
    token = made(bench)
    url = f"/api/v1/users/{bench.people['pat']}/tokens/{token['id']}"

    deleted = bench.call("DELETE", url, by=by)

    assert (deleted.status, deleted.body["workflow_state"]) == (200, "deleted")
    assert bench.call("GET", url, by="pat").status == 404
    assert bench.call("DELETE", url, by="pat").status == 404
    words = {"errors": [{"message": "Revoked access token."}]}
    assert bench.call("GET", url, by=str(token["visible_token"])).body == words


def test_the_list_holds_manual_tokens_oldest_first_and_is_walked_by_bookmarks(bench: TokenBench) -> None:
    bench.oauth_token("pat")
    for number in range(4):
        bench.move_to(Instant(START + (number // 2) * DAY))
        made(bench, f"token[purpose]=t{number}")
    url = f"/api/v1/users/{bench.people['pat']}/user_generated_tokens"

    walked, links, pages = [], "", 0
    at: str | None = f"{url}?per_page=2&x=y"
    while at is not None:
        reply = bench.call("GET", at, by="ada")
        walked += [token["purpose"] for token in reply.body]
        links = links or reply.headers["link"]
        after = [link for link in reply.headers["link"].split(",") if 'rel="next"' in link]
        at = after[0][1:].partition(">")[0].removeprefix(f"http://{NORTH}") if after else None
        pages += 1

    assert walked == ["bench", "t0", "t1", "t2", "t3"]
    assert pages == 3
    assert [link.partition("; ")[2] for link in links.split(",")] == ['rel="current"', 'rel="next"', 'rel="first"']
    assert links.startswith(f"<http://{NORTH}{url}?x=y&page=first&per_page=2>")
    assert "page=bookmark:" in links


def test_a_page_that_is_no_bookmark_of_ours_is_not_there(bench: TokenBench) -> None:
    encoded = ["", "%C3%A9", "W", "e30", "WzFd", "WzEsLTFd", "WzEsMWUzMDBd", "W3RydWUsMV0", "W1tb" * 1500]
    too_large = "WzEsOTIyMzM3MjAzNjg1NDc3NTgwOF0"

    for page in ("2", "x", *(f"bookmark:{text}" for text in (*encoded, too_large))):
        reply = bench.call("GET", f"/api/v1/users/self/user_generated_tokens?page={page}", by="pat")
        assert (page, reply.status) == (page, 404)


def test_the_list_tells_when_a_token_was_last_used(bench: TokenBench) -> None:
    token = made(bench)
    bench.world.usage.token_used(token["id"], 1, Instant(START + DAY))  # type: ignore[arg-type]  # a plain number

    listed = bench.call("GET", "/api/v1/users/self/user_generated_tokens", by="pat").body

    assert listed[-1]["last_used_at"] == "2027-01-16T08:00:00Z"


def test_every_change_leaves_one_entry_and_no_token_text(bench: TokenBench) -> None:
    url = f"/api/v1/users/{bench.people['pat']}/tokens"
    token = bench.call("POST", url, "token[purpose]=a&because=asked", by="ada").body
    new = bench.call("PUT", f"{url}/{token['id']}", "token[regenerate]=1", by="ada").body
    bench.call("POST", f"/api/keystead/v1/tokens/{token['id']}/activate", by="pat")
    bench.call("DELETE", f"{url}/{token['id']}", by="pat")

    entries = bench.audit()

    assert [(entry.action, entry.subject_id, entry.user_id, entry.because) for entry in entries] == [
        ("token.created", token["id"], bench.people["ada"], "asked"),
        ("token.regenerated", token["id"], bench.people["ada"], None),
        ("token.activated", token["id"], bench.people["pat"], None),
        ("token.deleted", token["id"], bench.people["pat"], None),
    ]
    assert len({entry.account_id for entry in entries}) == 1
    assert not any(text["visible_token"][:5] in str(entry) for text in (token, new) for entry in entries)
