"""``keystead explain``"""

import json
import sys
from contextlib import closing
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from keystead.api.explain import told
from keystead.api.operations import routing_of
from keystead.cli.start import opened
from keystead.config import read_settings
from keystead.core.errors import NotFound
from keystead.core.ids import TokenId, UserId, parse_id
from keystead.core.tokens import Token, TokenState
from keystead.gateway.explaining import explain_call, read_asked
from keystead.gateway.facts import Cluster, Question
from keystead.gateway.judge import Judge
from keystead.storage.clock import system_clock
from keystead.storage.facts import StoredFacts
from keystead.storage.gathering import load_token
from keystead.storage.lookups import TransactionLookups
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction

MARKS = {
    "passed": "[green]✓ passed[/green]", "refused": "[red]✗ refused[/red]", "not_reached": "– not reached",
    "depends": "? depends",
}  # fmt: skip


def explain(
    method: Annotated[str, typer.Option(help="The method of the call.")],
    path: Annotated[str, typer.Option(help="Its path, with a query if it has one.")],
    token_id: Annotated[int | None, typer.Option(help="Explain it for this token.")] = None,
    token_stdin: Annotated[bool, typer.Option("--token-stdin", help="Read the token from a pipe.")] = False,
    key: Annotated[str | None, typer.Option(help="Imagine a token of this key.")] = None,
    user: Annotated[str | None, typer.Option(help="With --key: the login whose token it would be.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="With --key: its scopes; all of the key's if none.")] = None,
    host: Annotated[str, typer.Option(help="On which host; the default one if none.")] = "",
    address: Annotated[str | None, typer.Option(help="From which address the call comes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether a call would pass, check by check, and what would let it. Exits 0 when it would, 1 when refused."""
    if [token_id is not None, token_stdin, key is not None].count(True) != 1:
        raise typer.BadParameter("give one of --token-id, --token-stdin, --key")
    settings = read_settings()
    cluster = Cluster(checks=settings.test_cluster_checks, is_test=settings.test_cluster)
    with opened() as database, closing(StoredFacts(database, cluster=cluster)) as source:
        judge = Judge(routing=routing_of(database), source=source, usage=_Nobody(), clock=system_clock)
        call = read_asked(method, path, judge.table, host=host, as_user=None, address=address)
        if isinstance(call, str):
            refused = {"decision": "refused", "status": 400, "message": call}
            print(json.dumps(refused) if as_json else f"refused: {call}")
            raise typer.Exit(1)
        with database.read() as tx:
            credential = sys.stdin.readline().strip() if token_stdin else None
            token = _token(tx, token_id, credential, key, user, scope or [], host)
            question = Question(digests=(), host=host, account_reference=call.account_reference, as_user=call.as_user)
            facts = load_token(tx, token, question, cluster)
            body = told(explain_call(judge, call, facts, path.partition("?")[2].encode()), in_full=True)
    print(json.dumps(body, ensure_ascii=False)) if as_json else _show(body)
    raise typer.Exit(0 if body["decision"] == "allow" else 1)


def _token(
    tx: Transaction, token_id: int | None, credential: str | None, key: str | None, user: str | None,
    scopes: list[str], host: str,
) -> Token | None:  # fmt: skip
    if credential is not None:
        return TransactionLookups(tx).token(tx.vault.tokens.digests(credential))
    if token_id is not None:
        found = read_tokens.find_token(tx, token_id)
        if found is None:
            raise NotFound(f"there is no token {token_id}")
        return found
    named = read_keys.get_key(tx, parse_id(str(key)))
    who = UserId(1)
    if user is not None:
        sign_in = read_users.find_sign_in(tx, user, read_accounts.root_for_host(tx, host))
        if sign_in is None:
            raise NotFound(f"nobody signs in as {user} on this host")
        who = sign_in.user.id
    return Token(
        id=TokenId(0), user_id=who, key_id=named.id, state=TokenState.ACTIVE, hint="",
        scopes=tuple(scopes) or named.scopes,
    )  # fmt: skip


def _show(body: dict[str, Any]) -> None:
    console = Console()
    table = Table(title=f"{body['method']} {body['path']}", title_justify="left")
    for heading in ("check", "asks", "outcome", "reason"):
        table.add_column(heading, overflow="fold")
    for step in body["checks"]:
        table.add_row(step["check"], step["asks"], MARKS[step["outcome"]], step["reason"] or "")
    console.print(table)
    if body["decision"] == "allow":
        passes = "It passes from some addresses." if body["depends_on_address"] else "It passes."
        console.print(passes + (" Includes are cut." if body["would_strip"] else ""))
    else:
        console.print(f"It is refused: {body['reason']} ({body['message']})")
    for remedy in body["remedies"]:
        console.print(f"• {remedy}")


class _Nobody:
    """Notes no uses: explaining is none."""

    def token_used(self, token_id: TokenId, key_id: int, now: int) -> None:
        """Do nothing."""
