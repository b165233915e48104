"""The ``keystead`` command."""

import sys

import typer

from keystead.cli import (
    admin,
    audit,
    catalogue,
    db,
    explain,
    impact,
    key,
    notices,
    policy,
    requests,
    role,
    secret,
    serve,
    suspension,
    throttle,
    tokens,
    unused,
    usage,
    vetting,
    watch,
)
from keystead.config import SettingsError
from keystead.core.errors import Refused
from keystead.storage.transaction import StorageUnavailable
from keystead.storage.vault import SealBroken

app = typer.Typer(
    help="Keystead: developer keys, consent, and endpoint scopes enforced on every API call.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve.serve)
app.command()(explain.explain)
app.command()(usage.usage)
app.command("least-privilege")(usage.least_privilege)
app.command()(impact.impact)
app.command()(vetting.risk)
app.add_typer(db.app, name="db")
app.add_typer(admin.app, name="admin")
app.add_typer(audit.app, name="audit")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(key.app, name="key")
app.add_typer(notices.app, name="notices")
app.add_typer(policy.app, name="policy")
app.add_typer(requests.app, name="requests")
app.add_typer(role.app, name="role")
app.add_typer(secret.app, name="secret")
app.add_typer(throttle.app, name="throttle")
app.add_typer(suspension.app, name="suspension")
app.add_typer(tokens.app, name="tokens")
app.add_typer(unused.app, name="unused")
app.add_typer(vetting.app, name="vetting")
app.add_typer(watch.app, name="watch")


def main() -> None:
    """Run the command; whatever refuses or fails is one line and exit status 1."""
    try:
        app()
    except (SettingsError, Refused, StorageUnavailable, SealBroken) as refused:
        words = str(refused)
    except OSError as failed:
        words = f"{failed.strerror or failed}: {failed.filename}" if failed.filename else str(failed)
    else:
        return
    print(f"keystead: {words}", file=sys.stderr)
    sys.exit(1)
