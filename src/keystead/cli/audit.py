"""``keystead audit``"""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from keystead.actions.sealing import seal_audit
from keystead.app import system_clock
from keystead.config import read_settings
from keystead.storage.master_secret import open_vault
from keystead.storage.read.seals import ChainReport, verify_chain
from keystead.storage.transaction import Database

app = typer.Typer(help="What was changed, by whom, and the proof that nothing was changed since.", no_args_is_help=True)


@app.command()
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compute the chain of digests over all audit entries again. Status 1 when an entry was changed or taken away.

    Keep the head that is printed in another place: later it proves that nothing before it is missing.
    """
    settings = read_settings()
    database = Database(settings.database_url.get_secret_value(), vault=open_vault(settings), clock=system_clock)
    seal_audit(database)
    with database.read() as tx:
        report = verify_chain(tx)
    if as_json:
        print(json.dumps(asdict(report)))
    else:
        _tell(report)
    if not report.is_whole:
        raise typer.Exit(1)


def _tell(report: ChainReport) -> None:
    print(f"{report.sealed} entries are as they were written; head {report.head or 'none yet'}")
    if report.older:
        print(f"{report.older} entries are older than the chain: nothing proves them")
    if report.unsealed:
        print(f"not sealed yet: {', '.join(map(str, report.unsealed))}")
    for finding in report.findings:
        entry = "" if finding.audit_id is None else f" entry {finding.audit_id}"
        place = "" if finding.position is None else f" at position {finding.position}"
        print(f"WRONG:{entry}{place}: {finding.what}")
