"""The shipped proxy configurations, under the real proxies: callers and upstream must not tell them from Keystead.

Each call is made twice, to the proxy and to Keystead's own proxy door in front of the same upstream, which tells in its
answer what reached it.
"""

import json
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from journeys.browsing import agree, answered, authorization_url, sign_in
from journeys.conftest import BOOTSTRAP_TOKEN, Installation, wait_for
from journeys.proxying import PROXIES, Doors, Echo, configured, patient_get, process
from ports import free_port

REDIRECT = "https://app.example.com/back"
SCOPES = (
    "url:GET|/api/v1/courses",
    "url:POST|/api/v1/courses/:course_id/files",
    "url:GET|/api/v1/accounts/:id",
    "url:PUT|/api/v1/courses/:id",
)
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def token_of_new_key(keystead: Installation, admin: str, name: str, *, off: bool = False) -> str:
    """Make a scoped key, switch it on, and let an administrator agree; return the vendor's token."""
    wanted = {
        "name": name, "redirect_uris": REDIRECT, "require_scopes": True, "allow_includes": False,
        "scopes": list(SCOPES),
    }  # fmt: skip
    path = "/api/v1/accounts/self/developer_keys"
    made = keystead.call("POST", path, admin, json={"developer_key": wanted})
    assert made.status_code == 200, made.text
    key = made.json()
    switch = f"{path}/{key['id']}/developer_key_account_bindings"
    keystead.call("POST", switch, admin, data={"workflow_state": "on"}).raise_for_status()
    with keystead.client() as browser:
        sign_in(browser, "admin", "keystead-admin")
        browser.get(authorization_url(str(key["id"]), REDIRECT, scope=" ".join(SCOPES)))
        code = answered(agree(browser))["code"]
        form = {"grant_type": "authorization_code", "client_id": key["id"], "client_secret": key["api_key"],
                "redirect_uri": REDIRECT, "code": code}  # fmt: skip
        token = browser.post("/login/oauth2/token", data=form).json()["access_token"]
    if off:
        keystead.call("POST", switch, admin, data={"workflow_state": "off"}).raise_for_status()
    return str(token)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    home = tmp_path_factory.mktemp("forward-auth")
    echo = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    echo.daemon_threads = True
    threading.Thread(target=echo.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    ports = {door: free_port() for door in ("keystead", *PROXIES)}
    settings = {
        "KEYSTEAD_PORT": str(ports["keystead"]),
        "KEYSTEAD_THROTTLE": "false",
        "KEYSTEAD_DATABASE_URL": f"sqlite:///{home}/keystead.db",
        "KEYSTEAD_SECRET_KEY": "a master secret of the journeys that is long enough",
        "KEYSTEAD_UPSTREAM_URL": f"http://127.0.0.1:{echo.server_port}",
        "KEYSTEAD_TRUSTED_PROXIES": "127.0.0.1",
        "KEYSTEAD_SAMPLE_DATA": "1",
        "KEYSTEAD_BOOTSTRAP_TOKEN": BOOTSTRAP_TOKEN,
    }
    used = {"keystead": ports["keystead"], "upstream": echo.server_port}
    commands = {name: configured(name, home, listen=ports[name], **used) for name in PROXIES}
    own = {"XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home), "HOME": str(home)}
    try:
        with (
            process([sys.executable, "-m", "keystead.cli", "serve"], home, **settings) as server,
            process(commands["nginx"], home) as nginx,
            process(commands["caddy"], home, **own) as caddy,
            process(commands["envoy"], home) as envoy,
        ):
            for name, started in (("keystead", server), ("nginx", nginx), ("caddy", caddy), ("envoy", envoy)):
                wait_for(f"http://127.0.0.1:{ports[name]}/readyz", started)
            keystead = Installation(url=f"http://127.0.0.1:{ports['keystead']}", log=home / "python.log")
            admin = keystead.call(
                "POST", "/api/v1/users/2/tokens", BOOTSTRAP_TOKEN, data={"token[purpose]": "proxies"}
            ).json()["visible_token"]
            with keystead.client() as browser:
                sign_in(browser, "admin", "keystead-admin")
                cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
            yield Doors(
                keystead=keystead,
                ports=ports,
                token=token_of_new_key(keystead, admin, "On"),
                token_of_off=token_of_new_key(keystead, admin, "Off", off=True),
                cookie=cookie,
            )
    finally:
        echo.shutdown()
        echo.server_close()


FORGED = {
    "X-Original-URI": "/api/v1/courses", "X-Original-Method": "GET", "X-Forwarded-Uri": "/api/v1/courses",
    "X-Forwarded-Method": "GET", "X-Original-URL": "/evil", "X-Rewrite-URL": "/evil", "Forwarded": "for=6",
    "X-Real-IP": "6.6.6.6", "X-Keystead-Identity": "forged", "X_Keystead_Identity": "forged",
    "X-Keystead-Query": "a", "X-Keystead-Serves": "upstream", "Cookie": "a=b", "X-Envoy-Auth-Partial-Body": "true",
}  # fmt: skip
REACHES_THE_UPSTREAM: dict[str, tuple[str, str, dict[str, str], str | None]] = {
    "a list": ("GET", "/api/v1/courses?per_page=2&x=%20a+b&y[]=%C3%A9&z", {}, None),
    "no query": ("GET", "/api/v1/courses", {"Accept": "application/json+canvas-string-ids"}, None),
    "escapes in the path": ("PUT", "/api/v1/courses/sis_course_id:A%3B1%20~%2B", {"Content-Type": "text/plain"}, "x"),
    "JSON": ("POST", "/api/v1/courses/7/files", {"Content-Type": JSON}, '{"name": "a", "include": ["x"]}'),
    "a form": ("POST", "/api/v1/courses/7/files?b=2", {"Content-Type": FORM}, "name=a&include[]=x&as_user_id="),
    "a stream": ("POST", "/api/v1/courses/7/files", {"Content-Type": "video/mp4"}, "x" * 200_000),
    "chunks": (
        "POST",
        "/api/v1/courses/7/files",
        {"Content-Type": "video/mp4", "Transfer-Encoding": "chunked"},
        "x" * 100_000,
    ),
    "no type": ("POST", "/api/v1/courses/7/files", {}, "name=a&include[]=x"),
    "includes in the query": ("GET", "/api/v1/courses?include[]=term&a=%31&in%63ludes[]=x&b", {}, None),
    "an include that stays": ("GET", "/api/v1/courses?include[]=uuid", {}, None),
    "an override": ("POST", "/api/v1/courses?_method=get&a=1", {"Content-Type": "text/plain"}, ""),
    "an override in a header": ("POST", "/api/v1/courses", {"X-HTTP-Method-Override": "GET"}, ""),
    "an override in a body": ("POST", "/api/v1/courses", {"Content-Type": FORM}, "_method=GET&a=1"),
    "forged headers": ("GET", "/api/v1/courses?a=1", FORGED, None),
    "acting as somebody": ("GET", "/api/v1/courses?as_user_id=99&a=1", {}, None),
    "a blank token in the query": ("GET", "/api/v1/courses?a=1&access_token=", {}, None),
}
ANSWERED_BY_KEYSTEAD: dict[str, tuple[str, str, dict[str, str], str | None]] = {
    "HEAD": ("HEAD", "/api/v1/courses", {}, None),
    "its own operation": ("GET", "/api/v1/accounts/2", {}, None),
    "its own operation with a final slash": ("GET", "/api/v1/accounts/2/", {}, None),
    "a scope refusal": ("GET", "/api/v1/users/self/todo", {}, None),
    "a scope refusal with a body": ("POST", "/api/v1/courses", {"Content-Type": JSON}, "{}"),
    "a scope refusal hidden behind a forged header": ("GET", "/api/v1/users/self/todo", FORGED, None),
    "an unmapped path": ("GET", "/api/v1/no/such/path", {}, None),
    "an override to what is not granted": ("POST", "/api/v1/courses/7/files?_method=DELETE", {}, ""),
    "an override in a body to what is not granted": (
        "POST", "/api/v1/courses/7/files", {"Content-Type": FORM}, "_method=DELETE",
    ),
    "a dot segment": ("GET", "/api/v1/x/../courses", {}, None),
    "a dot segment that leaves the API": ("GET", "/api/../login", {}, None),
    "an encoded dot segment": ("GET", "/api/v1/x/%2e%2e/courses", {}, None),
    "an encoded slash": ("GET", "/api/v1/courses%2F7", {}, None),
    "an empty segment": ("GET", "/api//v1/courses", {}, None),
    "a path parameter": ("GET", "/api/v1/courses;a=b", {}, None),
    "an include in two readings": ("GET", "/api/v1/courses?include;include=a", {}, None),
    "compressed JSON": ("POST", "/api/v1/courses/7/files", {"Content-Type": JSON, "Content-Encoding": "gzip"}, "x"),
    "acting as nobody": ("GET", "/api/v1/courses?as_user_id=999999", {}, None),
    "a page": ("GET", "/login", {}, None),
    "no page": ("GET", "/nowhere", {}, None),
}  # fmt: skip


@pytest.mark.parametrize("door", PROXIES)
@pytest.mark.parametrize("case", REACHES_THE_UPSTREAM)
def test_what_may_pass_reaches_the_upstream_and_the_caller_as_through_keystead(
    doors: Doors, door: str, case: str
) -> None:
    verb, target, headers, body = REACHES_THE_UPSTREAM[case]
    sent = headers | {"Authorization": f"Bearer {doors.token}"}

    through, direct = doors.ask(door, verb, target, sent, body), doors.ask("keystead", verb, target, sent, body)

    assert direct.status == 200, direct.body
    assert (through.status, through.upstream) == (direct.status, direct.upstream)
    assert [pair for pair in through.headers if pair[0] != "content-length"] == [
        pair for pair in direct.headers if pair[0] != "content-length"
    ]


@pytest.mark.parametrize(
    ("door", "case"),
    [
        *((door, case) for door in PROXIES for case in ("a list", "no query", "a stream", "chunks", "forged headers")),
        *(("nginx", case) for case in ("includes in the query", "an override", "acting as somebody")),
    ],
)
def test_what_the_proxy_can_serve_goes_past_keystead(doors: Doors, door: str, case: str) -> None:
    """The proxies keep the public host; Keystead's own door asks the upstream by its own."""
    verb, target, headers, body = REACHES_THE_UPSTREAM[case]

    seen = doors.ask(door, verb, target, headers | {"Authorization": f"Bearer {doors.token}"}, body)

    hosts = [value for name, value in json.loads(seen.body)["headers"] if name.lower() == "host"]
    assert hosts == [doors.keystead.url.removeprefix("http://")]


@pytest.mark.parametrize("door", PROXIES)
@pytest.mark.parametrize("case", ANSWERED_BY_KEYSTEAD)
def test_refusals_and_keysteads_own_answers_are_the_same_to_the_byte(doors: Doors, door: str, case: str) -> None:
    verb, target, headers, body = ANSWERED_BY_KEYSTEAD[case]
    sent = headers | {"Authorization": f"Bearer {doors.token}"}

    through, direct = doors.ask(door, verb, target, sent, body), doors.ask("keystead", verb, target, sent, body)

    if case != "HEAD":
        assert through == direct
    assert (through.status, through.body) == (direct.status, direct.body)


@pytest.mark.parametrize("door", PROXIES)
def test_who_may_not_pass_is_told_so_in_the_same_words(doors: Doors, door: str) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer made-up"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": f"Bearer {doors.token_of_off}"},
    ):
        through = doors.ask(door, "GET", "/api/v1/courses", headers, None)
        direct = doors.ask("keystead", "GET", "/api/v1/courses", headers, None)

        assert direct.status == 401
        assert through == direct


@pytest.mark.parametrize("door", PROXIES)
def test_a_token_in_the_query_or_body_passes_and_stays_behind(doors: Doors, door: str) -> None:
    by_query = doors.ask(door, "GET", f"/api/v1/courses?a=1&access_token={doors.token}", {}, None)
    by_body = doors.ask(
        door, "POST", "/api/v1/courses/7/files", {"Content-Type": FORM}, f"a=1&access_token={doors.token}"
    )

    assert (by_query.status, by_query.upstream["target"]) == (200, "/api/v1/courses?a=1")
    assert (by_body.status, by_body.upstream["body"]) == (200, "a=1")


@pytest.mark.parametrize("door", PROXIES)
def test_a_browser_session_serves_for_keysteads_own_operations_only(doors: Doors, door: str) -> None:
    own = doors.ask(door, "GET", "/api/v1/accounts/2", {"Cookie": doors.cookie}, None)
    other = doors.ask(door, "GET", "/api/v1/courses", {"Cookie": doors.cookie}, None)

    assert (own.status, json.loads(own.body)["id"]) == (200, 2)
    assert (other.status, json.loads(other.body)["status"]) == (401, "unauthenticated")


@pytest.mark.parametrize("door", PROXIES)
@pytest.mark.parametrize("path", ["/gateway/check", "/gateway/check/api/v1/courses", "/%67ateway/check",
                                  "/gateway/question", "/metrics"])  # fmt: skip
def test_callers_cannot_ask_the_check_through_a_proxy(doors: Doors, door: str, path: str) -> None:
    sent = {"Authorization": f"Bearer {doors.token}", "X-Original-URI": "/api/v1/courses", "X-Original-Method": "GET"}

    answer = doors.ask(door, "GET", path, sent, None)

    assert answer.status == 404
    assert "x-keystead-identity" not in dict(answer.headers)


@pytest.mark.parametrize("door", PROXIES)
def test_without_keystead_nothing_passes(tmp_path: Path, door: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        upstream.setblocking(False)
        listen = free_port()
        command = configured(door, tmp_path, listen=listen, keystead=free_port(), upstream=upstream.getsockname()[1])
        own = {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
        with process(command, tmp_path, **own) as started:
            answer = patient_get(f"http://127.0.0.1:{listen}/api/v1/courses", started)

        assert answer.status_code in (502, 503)
        assert list(answer.json()) == ["errors"]
        with pytest.raises(BlockingIOError):
            upstream.accept()
