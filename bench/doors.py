"""What does each door cost against a server that decides nothing? ``python -m bench doors``"""

import shutil
import sys
import tempfile
import textwrap
from contextlib import ExitStack
from pathlib import Path

from bench.served import (
    TOKEN,
    Subject,
    ask,
    call_requests,
    check_requests,
    compared,
    free_port,
    keystead,
    load,
    server,
    table,
)  # fmt: skip

CONSTANT = [sys.executable, "-m", "bench.constant"]
GOOD = {"Authorization": f"Bearer {TOKEN}", "X-Original-Method": "GET", "X-Original-URI": "/api/v1/courses/1"}


def main() -> None:
    """Print what each door costs."""
    forward_auth(1)
    forward_auth(2)
    middleware()
    proxied()
    if shutil.which("nginx"):
        behind_nginx()
    else:
        print("\nnginx is not installed: what needs it is left out.")


def forward_auth(workers: int) -> None:
    """Compare `/gateway/check` with the same server answering a constant 204."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as home:
        ports = [free_port() for _ in range(2)]
        for kind, port in zip(("bare", "ours"), ports, strict=True):
            stack.enter_context(server([*CONSTANT, kind, str(port), str(workers)], port))
        check = stack.enter_context(keystead(home, workers=workers))
        for _ in range(20):
            assert ask(check, "/gateway/check", **GOOD) == 204
        requests = check_requests()
        subjects = [
            Subject(name="constant 204, bare uvicorn", port=ports[0], requests=requests),
            Subject(name="constant 204, Keystead's protocol class", port=ports[1], requests=requests),
            Subject(name="/gateway/check", port=check, requests=requests),
        ]
        title = f"Forward-auth, {workers} process{'es' if workers > 1 else ''} on one core, 32 connections"
        table(title, compared(*subjects), subjects[0].name)
        if workers == 1:
            paced = load(subjects[2], rate=5_000, seconds=4.0)
            print(f"  at 5,000 calls/s: p50 {paced['p50'] * 1e3:.2f} ms, p99 {paced['p99'] * 1e3:.2f} ms")


def middleware() -> None:
    """Compare an application with and without the ASGI middleware."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as home:
        stack.enter_context(keystead(home))
        ports = [free_port() for _ in range(2)]
        settings = {"KEYSTEAD_DATABASE_URL": f"sqlite:///{home}/keystead.db"}
        for kind, port in zip(("plain", "judged"), ports, strict=True):
            stack.enter_context(server([*CONSTANT, kind, str(port)], port, **settings))
        assert ask(ports[1], "/api/v1/courses/1", **GOOD) == 200
        assert ask(ports[1], "/api/v1/courses/1") == 401
        names = ("the application alone", "behind KeysteadMiddleware")
        subjects = [
            Subject(name=name, port=at, requests=call_requests()) for name, at in zip(names, ports, strict=True)
        ]
        table("ASGI middleware", compared(*subjects), names[0])


def proxied() -> None:
    """Report the reverse proxy, against the upstream asked directly and, where it is installed, through nginx."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as home:
        upstream = free_port()
        stack.enter_context(server([*CONSTANT, "upstream", str(upstream)], upstream, core=1))
        proxy = stack.enter_context(
            keystead(home, KEYSTEAD_UPSTREAM_URL=f"http://127.0.0.1:{upstream}", KEYSTEAD_THROTTLE="false")
        )
        assert ask(proxy, "/api/v1/courses/1", **GOOD) == 200
        subjects = [Subject(name="Keystead's reverse proxy", port=proxy, requests=call_requests())]
        against = subjects[0].name
        if shutil.which("nginx"):
            port = free_port()
            stack.enter_context(nginx(home, port, f"location / {{ proxy_pass http://127.0.0.1:{upstream}; {KEPT} }}"))
            against = "nginx proxy_pass"
            subjects.insert(0, Subject(name=against, port=port, requests=call_requests()))
        table("Reverse proxy, 16 connections", compared(*subjects, connections=16), against)


KEPT = 'proxy_http_version 1.1; proxy_set_header Connection "";'


def behind_nginx() -> None:
    """Compare nginx with our decision, with a constant one of the same server, of nginx itself, and with none."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as home:
        constant = free_port()
        stack.enter_context(server([*CONSTANT, "bare", str(constant)], constant))
        check = stack.enter_context(keystead(home))
        assert ask(check, "/gateway/check", **GOOD) == 204
        port = free_port()
        asking = textwrap.dedent(f"""
            {KEPT} proxy_pass_request_body off; proxy_set_header Content-Length "";
            proxy_set_header X-Original-Method $request_method; proxy_set_header X-Original-URI $request_uri;
            proxy_set_header Host localhost;
        """)
        served = f"root {home}; try_files /served.txt =404;"
        locations = f"""
            location /api/ {{ {served} }}
            location /self/ {{ auth_request /ask-self; {served} }}
            location /constant/ {{ auth_request /ask-constant; {served} }}
            location /api/v1/asked/ {{ auth_request /ask-keystead; {served} }}
            location = /ask-self {{ internal; return 204; }}
            location = /ask-constant {{ internal; proxy_pass http://constant/gateway/check; {asking} }}
            location = /ask-keystead {{ internal; proxy_pass http://keystead/gateway/check; {asking} }}
        """
        Path(home).chmod(0o755)
        (Path(home) / "served.txt").write_text("ok")
        upstreams = (
            f"upstream constant {{ server 127.0.0.1:{constant}; keepalive 64; }}"
            f" upstream keystead {{ server 127.0.0.1:{check}; keepalive 64; }}"
        )
        stack.enter_context(nginx(home, port, locations, upstreams))
        paths = {
            "nginx alone": "/api/x/", "nginx, auth_request to itself": "/self/",
            "nginx, auth_request to a constant 204": "/constant/",
            "nginx, auth_request to Keystead": "/api/v1/asked/",
        }  # fmt: skip
        subjects = [
            Subject(
                name=name, port=port,
                requests=[
                    f"GET {path}{number} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
                    for number in range(50)
                ],
            )
            for name, path in paths.items()
        ]  # fmt: skip
        table("Behind nginx on the same core", compared(*subjects), "nginx, auth_request to a constant 204")


def nginx(home: str, port: int, locations: str, upstreams: str = ""):  # type: ignore[no-untyped-def]  # a context manager
    """Run nginx with these locations."""
    file = Path(home) / f"nginx-{port}.conf"
    file.write_text(
        f"""daemon off; worker_processes 1; pid {home}/nginx-{port}.pid; error_log stderr crit;
        events {{ worker_connections 1024; }}
        http {{ access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f;
        uwsgi_temp_path {home}/u; scgi_temp_path {home}/s; keepalive_requests 1000000; {upstreams}
        server {{ listen 127.0.0.1:{port}; {locations} }} }}"""
    )
    return server(["nginx", "-p", home, "-c", str(file)], port)


if __name__ == "__main__":
    main()
