"""``keystead serve``"""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from keystead.cli.start import prepare
from keystead.config import read_settings
from keystead.observability.logs import set_up_logs
from keystead.storage.master_secret import open_vault

if TYPE_CHECKING:
    from keystead.app import Application
    from keystead.observability.traces import Traced


def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen (KEYSTEAD_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="On which port (KEYSTEAD_PORT).")] = None,
    workers: Annotated[int | None, typer.Option(help="How many server processes (KEYSTEAD_WORKERS).")] = None,
) -> None:
    """Serve API, OAuth2, pages and gateway on one port."""
    given = {"KEYSTEAD_HOST": host, "KEYSTEAD_PORT": port, "KEYSTEAD_WORKERS": workers}
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    settings = read_settings()
    set_up_logs(json_lines=not sys.stderr.isatty())
    prepare(settings, open_vault(settings))
    import uvicorn  # here, so that no other command waits for it

    uvicorn.run(
        "keystead.cli.serve:application",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
        ws="none",
        http="keystead.cli.heads:BoundedHead",
    )


def application() -> "Application | Traced":
    """Return the application for one server process."""
    from keystead.app import create_app  # here, so that no other command waits for it
    from keystead.observability.traces import traced

    settings = read_settings()
    set_up_logs(json_lines=not sys.stderr.isatty())
    made = create_app(settings, open_vault(settings))
    return traced(made) if settings.tracing else made
