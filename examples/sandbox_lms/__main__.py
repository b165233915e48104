"""`python -m sandbox_lms`: serves the sandbox until it is told to stop."""

import argparse
import contextlib
import socket

import uvicorn

from sandbox_lms.app import Settings, create_app


def main() -> None:
    asked = argparse.ArgumentParser(prog="sandbox_lms", description=__doc__)
    asked.add_argument("--host", default="127.0.0.1", help="address to listen on")
    asked.add_argument("--port", type=int, default=8091, help="port to listen on; 0 takes a free one")
    asked.add_argument("--jwks-url", default="http://127.0.0.1:8090/login/oauth2/jwks", help="the gateway's keys")
    asked.add_argument("--audience", help="what identities must be meant for; this server's origin by default")
    asked.add_argument("--issuer", help="who must have issued identities; anyone with the keys by default")
    given = asked.parse_args()
    with socket.create_server((given.host, given.port), backlog=2048) as listening:
        origin = f"http://{given.host}:{listening.getsockname()[1]}"
        settings = Settings(jwks_url=given.jwks_url, audience=given.audience or origin, issuer=given.issuer)
        # Forwarded headers tell the public origin, but this server must know its own: `Link` is built from it.
        config = uvicorn.Config(
            create_app(settings), log_level="warning", access_log=False, server_header=False, proxy_headers=False
        )
        print(f"Sandbox LMS is listening on {origin}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
