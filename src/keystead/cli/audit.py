"""``keystead audit``"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from keystead.actions.sealing import seal_audit
from keystead.cli.people import OPERATOR
from keystead.cli.start import opened
from keystead.governance.auditing import MOST_EXPORTED, as_csv, as_json_lines, entry_object, search_of
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read.audit import AuditEntry, every_entry
from keystead.storage.read.seals import ChainReport, verify_chain

app = typer.Typer(help="What was changed, by whom, and the proof that nothing was changed since.", no_args_is_help=True)


class Form(StrEnum):
    """In which form a file is written."""

    CSV = "csv"
    LINES = "jsonl"


OfAccount = Annotated[str, typer.Option("--account", help="The account; Site Admin, and so all, if none.")]
Action = Annotated[str, typer.Option(help="An action, or how it begins.")]
OfKey = Annotated[str, typer.Option(help="The id of a key.")]
Who = Annotated[str, typer.Option(help="Who acted: an id, or a part of a name or login.")]
Through = Annotated[str, typer.Option(help="api, console, oauth, cli or system.")]
Since = Annotated[str, typer.Option("--from", help="The first day or moment.")]
Until = Annotated[str, typer.Option("--to", help="The last day, or the moment that ends it.")]
Words = Annotated[str, typer.Option(help="Words of the reason.")]


@app.command()
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compute the chain of digests over all audit entries again. Status 1 when an entry was changed or taken away.

    Keep the head that is printed in another place: later it proves that nothing before it is missing.
    """
    with opened() as database:
        seal_audit(database)
        with database.read() as tx:
            report = verify_chain(tx)
    if as_json:
        print(json.dumps(asdict(report)))
    else:
        _tell(report)
    if not report.is_whole:
        raise typer.Exit(1)


@app.command("list")
def list_audit(
    account: OfAccount = "site_admin",
    action: Action = "",
    key: OfKey = "",
    user: Who = "",
    surface: Through = "",
    since: Since = "",
    until: Until = "",
    search: Words = "",
    most: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines.")] = False,
    as_table: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """List what was changed, newest first: of an account and those below it; of all accounts in Site Admin."""
    asked = _asked(action, key, user, surface, since, until, search)
    with _entries(account, asked, most) as entries:
        if as_json or as_table:
            _write(as_csv(entries) if as_table else as_json_lines(entries))
            return
        for entry in entries:
            told = entry_object(entry)
            who, what = entry.user_name or "the system", f"{entry.subject} {entry.subject_id}"
            line = f"{told['at']}  {entry.action}  {what}  by {who} through {entry.surface}  {entry.because or ''}"
            print(line.rstrip())


@app.command()
def export(
    account: OfAccount = "site_admin",
    action: Action = "",
    key: OfKey = "",
    user: Who = "",
    surface: Through = "",
    since: Since = "",
    until: Until = "",
    search: Words = "",
    form: Annotated[Form, typer.Option("--format", help="The form of the file.")] = Form.LINES,
) -> None:
    """Write the same entries, up to a hundred thousand of them, as a file to standard output."""
    asked = _asked(action, key, user, surface, since, until, search)
    with _entries(account, asked, MOST_EXPORTED) as entries:
        _write(as_csv(entries) if form is Form.CSV else as_json_lines(entries))


def _asked(action: str, key: str, user: str, surface: str, since: str, until: str, search: str) -> dict[str, str]:
    return {
        "action": action, "key_id": key, "user_id": user, "surface": surface, "from": since, "to": until,
        "search": search,
    }  # fmt: skip


@contextmanager
def _entries(account: str, asked: dict[str, str], most: int) -> Iterator[Iterator[AuditEntry]]:
    with opened() as database, database.read() as tx:
        place = read_accounts.get_by_reference(tx, account, read_accounts.default_root(tx))
        yield every_entry(tx, search_of(tx, place, asked, acting=OPERATOR), most=min(most, MOST_EXPORTED))


def _write(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, end="")


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
