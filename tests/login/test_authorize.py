"""``GET /login/oauth2/auth``: every check in its order, with its exact answer."""

from urllib.parse import urlencode

import httpx
import pytest

from keystead.core.accounts import Policy
from keystead.core.bindings import BindingState
from keystead.core.keys import KeyState
from oauth_bench import CALLBACK, CHALLENGE, COURSES, NORTH, OOB, SOUTH, USERS, OAuthBench, asking, told

UNKNOWN = {"error": "invalid_client", "error_description": "unknown client"}
BAD_REDIRECT = {"error": "invalid_request", "error_description": "redirect_uri does not match client settings"}
NO_ACCESS = "Client does not have access to the specified Canvas account."
NO_SESSION = ("login_required", "prompt=none but there is no current session")
SCOPES = "A requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner."
NOT_GRANTED = f"{SCOPES} The following scopes were requested, but not granted: "


def refusal(answer: httpx.Response) -> tuple[str, str | None]:
    """Return error and description of a redirect to the client."""
    assert answer.headers["location"].startswith(f"{CALLBACK}?"), answer.headers["location"]
    said = told(answer)
    assert "code" not in said
    return said["error"], said.get("error_description")


@pytest.mark.parametrize(
    "client_id",
    [None, "", "0", "-1", "1" + "0" * 40, "1e3", "１２", "²", "abc", "1~2", " 2", "999", "9223372036854775808", "2.0"],
)
def test_an_unknown_client_is_told_so_and_never_sent_back(bench: OAuthBench, client_id: str | None) -> None:
    answer = bench.browser().authorize(bench.key(), client_id=client_id)

    assert (answer.status_code, answer.json()) == (401, UNKNOWN)
    assert answer.headers["www-authenticate"] == "Canvas OAuth 2.0"
    assert answer.headers["cache-control"] == "no-store"
    assert "location" not in answer.headers


@pytest.mark.parametrize("state", [KeyState.INACTIVE, KeyState.DELETED])
def test_a_key_that_is_not_active_is_an_unknown_client(bench: OAuthBench, state: KeyState) -> None:
    answer = bench.browser().authorize(bench.key(state=state))

    assert (answer.status_code, answer.json()) == (401, UNKNOWN)


def test_a_client_may_name_itself_by_its_global_id(bench: OAuthBench) -> None:
    client = bench.key()

    answer = bench.browser().authorize(client, client_id=str(10_000_000_000_000 + client.id))

    assert answer.headers["location"] == "/login"


@pytest.mark.parametrize("uri", [None, "", f"{CALLBACK}/", "https://evil.test/cb", "javascript:alert(1)", OOB, "%%%"])
def test_a_bad_redirect_uri_is_refused_here_whatever_else_is_wrong(bench: OAuthBench, uri: str | None) -> None:
    client = bench.key(require_scopes=True, scopes=(COURSES,), on=None)

    answer = bench.browser().authorize(client, redirect_uri=uri, response_type="token", scope="x")

    assert (answer.status_code, answer.json()) == (400, BAD_REDIRECT)
    assert "www-authenticate" not in answer.headers
    assert "location" not in answer.headers


def test_the_client_is_checked_before_its_redirect_uri(bench: OAuthBench) -> None:
    answer = bench.browser().authorize(bench.key(), client_id="999", redirect_uri="nonsense")

    assert answer.json() == UNKNOWN


@pytest.mark.parametrize(
    ("scope", "description"),
    [
        (None, SCOPES),
        ("", SCOPES),
        (USERS, NOT_GRANTED + USERS),
        (f"{COURSES} a", f"{NOT_GRANTED}a"),
        ("a b", f"{NOT_GRANTED}a and b"),
        (f"a b {COURSES} c a", f"{NOT_GRANTED}a, b, and c"),
        (COURSES.lower(), NOT_GRANTED + COURSES.lower()),
    ],
)
def test_scopes_are_checked_first_of_what_is_sent_back(
    bench: OAuthBench, scope: str | None, description: str
) -> None:  # fmt: skip
    client = bench.key(require_scopes=True, scopes=(COURSES,), on=None)

    answer = bench.browser().authorize(client, scope=scope, response_type="token", prompt="x")

    assert refusal(answer) == ("invalid_scope", description)


def test_a_key_without_required_scopes_takes_any(bench: OAuthBench) -> None:
    client = bench.key()

    bench.issued(client, scope="any thing")

    assert bench.tokens("pat", client)[0].scopes == ("any", "thing")


def test_the_account_is_checked_before_the_response_type(bench: OAuthBench) -> None:
    answer = bench.browser().authorize(bench.key(on=None), response_type="token", prompt="x")

    assert refusal(answer) == ("unauthorized_client", NO_ACCESS)


@pytest.mark.parametrize("response_type", [None, "", "token", "id_token", "code token", "CODE"])
def test_the_response_type_is_checked_before_the_prompt(bench: OAuthBench, response_type: str | None) -> None:
    answer = bench.browser().authorize(bench.key(), response_type=response_type, prompt="x")

    assert refusal(answer) == ("unsupported_response_type", "Only response_type=code is permitted")


def test_no_answer_is_given_by_form_post(bench: OAuthBench) -> None:
    answer = bench.browser().authorize(bench.key(), response_mode="form_post")

    assert refusal(answer) == ("invalid_request", "Only response_mode=query is supported")


@pytest.mark.parametrize(
    ("parameters", "signed_in", "expected"),
    [
        ({"prompt": "none"}, False, NO_SESSION),
        ({"prompt": "none", "force_login": "1"}, True, NO_SESSION),
        (
            {"prompt": "none"},
            True,
            ("interaction_required", "prompt=none but a token cannot be granted without user interaction"),
        ),
        ({"prompt": "consent"}, True, ("unsupported_prompt_type", 'prompt must be "none" (or omitted)')),
        ({"prompt": "NONE"}, False, ("unsupported_prompt_type", 'prompt must be "none" (or omitted)')),
    ],
)  # fmt: skip
def test_prompts_that_cannot_be_fulfilled_are_sent_back(
    bench: OAuthBench, parameters: dict[str, str], signed_in: bool, expected: tuple[str, str]
) -> None:
    browser = bench.browser()
    if signed_in:
        browser.signed_in()

    assert refusal(browser.authorize(bench.key(), **parameters)) == expected


def test_prompt_none_gives_a_code_when_nobody_must_be_asked(bench: OAuthBench) -> None:
    answer = bench.browser().signed_in().authorize(bench.key(trusted=True), prompt="none", state="s")

    assert set(told(answer)) == {"code", "state"}


@pytest.mark.parametrize("parameters", [{"prompt": "login"}, {"force_login": "1"}, {"force_login": "true"}])
def test_a_fresh_sign_in_can_be_demanded_and_not_be_walked_around(
    bench: OAuthBench, parameters: dict[str, str]
) -> None:  # fmt: skip
    browser = bench.browser().signed_in()

    answer = browser.authorize(bench.key(), **parameters)
    around = browser.get("/login/oauth2/confirm")
    again = browser.sign_in()

    assert answer.headers["location"].startswith("/login")
    assert "oauth2" not in answer.headers["location"]
    assert (around.status_code, around.headers["location"]) == (302, "/login")
    assert again.headers["location"] == "/login/oauth2/confirm"
    assert "code" in told(browser.accept())


@pytest.mark.parametrize("force", ["0", "false", ""])
def test_a_switch_that_is_off_demands_nothing(bench: OAuthBench, force: str) -> None:
    answer = bench.browser().signed_in().authorize(bench.key(), force_login=force)

    assert answer.headers["location"] == "/login/oauth2/confirm"


def test_without_a_session_the_sign_in_page_is_told_what_was_given_for_it(bench: OAuthBench) -> None:
    more = {"unique_id": "pat", "canvas_login": "1", "authentication_provider": "ldap", "force_login": "1"}

    answer = bench.browser().authorize(bench.key(), **more)

    assert answer.status_code == 302
    assert answer.headers["location"] == "/login?" + urlencode(more)
    assert 'value="pat"' in bench.browser().get(answer.headers["location"]).text


def test_after_the_sign_in_the_flow_goes_on_at_the_same_decision(bench: OAuthBench) -> None:
    asked, trusted = bench.browser(), bench.browser()

    asked.authorize(bench.key())
    trusted.authorize(bench.key(trusted=True), state="s")

    assert asked.sign_in().headers["location"] == "/login/oauth2/confirm"
    assert set(told(trusted.sign_in())) == {"code", "state"}


def test_what_is_sent_back_is_alphabetical_form_encoded_and_added_to_the_query(bench: OAuthBench) -> None:
    client = bench.key(on=None, redirect_uris=(CALLBACK, f"{CALLBACK}?x=1&state=mine"))
    encoded = "error=unauthorized_client&error_description=Client+does+not+have+access+to+the+specified+Canvas+account."

    bare = bench.browser().authorize(client)
    queried = bench.browser().authorize(client, redirect_uri=f"{CALLBACK}?x=1&state=mine", state="s")

    assert (bare.status_code, bare.headers["location"]) == (302, f"{CALLBACK}?{encoded}")
    assert queried.headers["location"] == f"{CALLBACK}?x=1&state=mine&{encoded}&state=s"
    assert bare.headers["cache-control"] == "no-store"
    assert bare.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "state", ["", "a b+c%20d", "x\r\nSet-Cookie: a=b", "🎓é", "\"'<>&=?#/", "s" * 8192, "{\"a\": [1]}"]
)  # fmt: skip
def test_state_comes_back_byte_for_byte_and_once(bench: OAuthBench, state: str) -> None:
    denied = bench.browser().authorize(bench.key(on=None), state=state)
    granted = bench.browser().signed_in().authorize(bench.key(trusted=True), state=state)

    for answer in (denied, granted):
        assert told(answer)["state"] == state
        assert answer.headers["location"].count("state=") == 1
        assert set(answer.headers) >= {"location"}
        assert "a=b" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "response_type", "code_challenge", "purpose"])
def test_a_repeated_parameter_is_refused_here(bench: OAuthBench, name: str) -> None:
    query = urlencode(asking(bench.key(), state="s", code_challenge=CHALLENGE, purpose="p"))

    answer = bench.browser().get(f"/login/oauth2/auth?{query}&{name}=x")

    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_request",
        "error_description": f"{name} must not be given more than once",
    }


@pytest.mark.parametrize("name", ["redirect_uri[]", "client_id[a]", "scope[]", "redirect_uri["])
def test_a_parameter_that_is_a_list_is_refused_here(bench: OAuthBench, name: str) -> None:
    answer = bench.browser().get(f"/login/oauth2/auth?{urlencode(asking(bench.key()))}&{urlencode({name: CALLBACK})}")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_of_repeated_scopes_the_last_counts_and_scopes_is_another_name(bench: OAuthBench) -> None:
    client = bench.key(require_scopes=True, scopes=(COURSES,))
    query = urlencode(asking(client))
    last = urlencode({"scope": COURSES})

    browser = bench.browser().signed_in()

    good = browser.get(f"/login/oauth2/auth?{query}&scope=x&{last}")
    bad = browser.get(f"/login/oauth2/auth?{query}&{last}&scope=x")
    other_name = browser.get(f"/login/oauth2/auth?{query}&{urlencode({'scopes': COURSES})}")
    assert good.headers["location"] == other_name.headers["location"] == "/login/oauth2/confirm"
    assert refusal(bad)[0] == "invalid_scope"


@pytest.mark.parametrize("query", ["client_id=%zz", "client_id=%00", "state=%ff%fe", "client_id=\xff"])
def test_a_query_that_cannot_be_read_is_refused_here(bench: OAuthBench, query: str) -> None:
    answer = bench.browser().get("/login/oauth2/auth?" + query.replace("\xff", "%FF"))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(("mode", "status"), [("cors", 403), ("no-cors", 403), ("navigate", 302), (None, 302)])
def test_only_windows_may_ask(bench: OAuthBench, mode: str | None, status: int) -> None:
    headers = {} if mode is None else {"sec-fetch-mode": mode}

    assert bench.browser().authorize(bench.key(), headers).status_code == status


@pytest.mark.parametrize(("dest", "status"), [("iframe", 400), ("empty", 400), ("document", 302), (None, 302)])
def test_out_of_band_only_in_a_whole_window(bench: OAuthBench, dest: str | None, status: int) -> None:
    headers = {} if dest is None else {"sec-fetch-dest": dest}
    client = bench.key(redirect_uris=(OOB,))

    assert bench.browser().authorize(client, headers, redirect_uri=OOB).status_code == status


@pytest.mark.parametrize(
    "query", ["code=abc", "error=access_denied", "code=a&client_id=nonsense&redirect_uri=x&code=b"]
)
def test_the_landing_page_checks_nothing(bench: OAuthBench, query: str) -> None:
    answer = bench.browser().get(f"/login/oauth2/auth?{query}", headers={"sec-fetch-mode": "cors"})

    assert answer.status_code == 200
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_failed_request_is_forgotten(bench: OAuthBench) -> None:
    browser = bench.browser().signed_in()
    browser.authorize(bench.key())

    browser.authorize(bench.key(on=None))

    assert browser.post("/login/oauth2/accept").text == "Invalid or missing session for oauth"


def test_the_subdomain_rule_of_a_legacy_redirect_uri_can_be_switched_off(bench: OAuthBench) -> None:
    client = bench.key(redirect_uri="https://tool.test/other", redirect_uris=())
    lenient = bench.browser().authorize(client)

    bench.set_policies(NORTH, Policy.EXACT_REDIRECTS)
    exact = bench.browser().authorize(client)

    assert lenient.headers["location"] == "/login"
    assert (exact.status_code, exact.json()) == (400, BAD_REDIRECT)


def test_a_key_of_one_tenant_is_refused_on_another_ones_host(bench: OAuthBench) -> None:
    client = bench.key(owner=NORTH)
    bench.bind(client, bench.accounts[SOUTH], BindingState.ON)

    assert refusal(bench.browser(SOUTH).authorize(client)) == ("unauthorized_client", NO_ACCESS)
    assert bench.browser(NORTH).authorize(client).headers["location"] == "/login"


def test_a_global_key_works_wherever_it_is_on(bench: OAuthBench) -> None:
    client = bench.key(owner=None, on=NORTH)

    assert bench.browser(NORTH).authorize(client).headers["location"] == "/login"
    assert refusal(bench.browser(SOUTH).authorize(client))[0] == "unauthorized_client"


@pytest.mark.parametrize(("root", "admitted"), [(None, True), (BindingState.ALLOW, True), (BindingState.OFF, False)])
def test_a_key_that_is_on_below_the_root_account_is_admitted(
    bench: OAuthBench, root: BindingState | None, admitted: bool
) -> None:
    client = bench.key(on=None)
    bench.bind(client, bench.sub_account(NORTH), BindingState.ON)
    if root is not None:
        bench.bind(client, bench.accounts[NORTH], root)

    answer = bench.browser().authorize(client)

    assert (answer.headers["location"] == "/login") is admitted


def test_a_strict_key_must_use_pkce_and_hears_who_answers(bench: OAuthBench) -> None:
    client = bench.key(profile="strict", trusted=True)
    browser = bench.browser().signed_in()

    without = browser.authorize(client)
    plain = browser.authorize(client, code_challenge=CHALLENGE, code_challenge_method="plain")
    good = browser.authorize(client, code_challenge=CHALLENGE, code_challenge_method="S256")

    assert refusal(without) == ("invalid_request", "code_challenge with method S256 is required")
    assert refusal(plain)[0] == "invalid_request"
    assert told(without)["iss"] == told(good)["iss"] == f"http://{NORTH}"


def test_a_strict_key_knows_neither_out_of_band_nor_the_subdomain_rule(bench: OAuthBench) -> None:
    client = bench.key(profile="strict", redirect_uris=(OOB,), redirect_uri="https://tool.test/")

    for uri in (OOB, CALLBACK):
        assert bench.browser().authorize(client, redirect_uri=uri).json() == BAD_REDIRECT


def test_looking_at_a_link_does_nothing(bench: OAuthBench) -> None:
    """HEAD is sent by mail scanners and previews; it must neither grant nor deny."""
    browser = bench.browser().signed_in()
    query = urlencode(asking(bench.key(trusted=True)))
    browser.authorize(bench.key())

    looked = [browser.request("HEAD", f"/login/oauth2/{page}") for page in (f"auth?{query}", "deny")]
    shown = browser.request("HEAD", "/login/oauth2/confirm")

    assert [(answer.status_code, answer.headers["allow"]) for answer in looked] == [(405, "GET"), (405, "GET, POST")]
    assert (shown.status_code, shown.content) == (200, b"")
    assert bench.codes() == []
    assert "code" in told(browser.accept())
