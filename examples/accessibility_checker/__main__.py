"""`python -m accessibility_checker`: serves the checker until it is told to stop."""

import os
from pathlib import Path

import uvicorn

from accessibility_checker.app import create_app
from accessibility_checker.settings import Settings


def main() -> None:
    settings = Settings.read(os.environ)
    print(f"The accessibility checker is at {settings.public_url} and keeps its key in {settings.file}", flush=True)
    # No access log: the address of the callback carries the authorization code.
    uvicorn.run(
        create_app(settings, Path(__file__).parent),
        host="127.0.0.1",
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
