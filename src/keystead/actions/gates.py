"""May a key be turned on here, by the account's own rules? What is lacking warns; it blocks where rules say so."""

from collections.abc import Sequence
from dataclasses import dataclass

from keystead.core.accounts import Account
from keystead.core.errors import Invalid
from keystead.core.ids import AccountId
from keystead.core.instants import Instant
from keystead.core.keys import Key
from keystead.core.risk import Find, Level, Risk, risk_of
from keystead.core.vetting import Item, Lack, Vetting, completed_at, lacks_of, overdue_of
from keystead.core.vetting_rules import Rules
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import vetting as read_vetting
from keystead.storage.read.vetting import GateException
from keystead.storage.transaction import Transaction


class GateClosed(Invalid):
    """The account's rules want something settled before a key of this risk is turned on."""

    code = "gate_closed"

    def __init__(self, gate: "Gate") -> None:
        self.gate = gate
        lacking = ", ".join(f"{lack.item} ({lack.standing})" for lack in gate.lacks)
        words = f"does not allow to turn on a key of {gate.risk.level} risk while something is lacking: {lacking}"
        super().__init__({"vetting": [words]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How a key stands to the rules of a root account.

    ``owner`` is the record of the key's owner, when that is another account.
    """

    root: Account
    key: Key
    rules: Rules
    risk: Risk
    own: Vetting
    owner: Vetting | None
    lacks: tuple[Lack, ...]
    overdue: tuple[Lack, ...]
    exceptions: tuple[GateException, ...]
    now: Instant

    @property
    def needed(self) -> frozenset[Item]:
        """What should be settled at this risk."""
        return self.rules.needs[self.risk.level]

    @property
    def exception(self) -> GateException | None:
        """The exception that counts now."""
        return next((one for one in self.exceptions if one.is_live(self.now)), None)

    @property
    def would_block(self) -> bool:
        """Whether the rules forbid turning the key on, exceptions left aside."""
        return bool(self.lacks) and self.risk.level in self.rules.blocks

    @property
    def is_closed(self) -> bool:
        """Whether the key may not be turned on now."""
        return self.would_block and self.exception is None

    @property
    def completed_at(self) -> Instant | None:
        """When this account's own record became complete; None while it is not."""
        return completed_at(self.own, self.needed, self.now)


def gate_of(tx: Transaction, account: Account, key: Key, find: Find | None) -> Gate:
    """Return how a key stands to the rules that hold in an account, those of its root account.

    Without a catalogue to ask (``find`` None) the risk counts as critical.
    """
    (gate,) = gates_of(tx, account, (key,), find)
    return gate


def gates_of(tx: Transaction, account: Account, keys: Sequence[Key], find: Find | None) -> tuple[Gate, ...]:
    """Return how each of these keys stands, read in a fixed number of queries."""
    root = account if account.is_root else read_accounts.get_account(tx, account.root_id)
    rules = read_vetting.rules_of(tx, root)
    ids = [key.id for key in keys]
    own = read_vetting.vettings_of(tx, root.id, ids)
    exceptions = read_vetting.exceptions_of(tx, root, ids)
    owners = _owners(tx, root, keys)
    return tuple(
        _gate(tx, root, key, rules, own.get(key.id), owners.get(key.id), exceptions.get(key.id, ()), find)
        for key in keys
    )  # fmt: skip


def require_open(tx: Transaction, account: Account, key: Key, find: Find | None) -> None:
    """Raise GateClosed when the rules forbid to turn a key on here."""
    root = account if account.is_root else read_accounts.get_account(tx, account.root_id)
    if not read_vetting.rules_of(tx, root).blocks:
        return
    gate = gate_of(tx, root, key, find)
    if gate.is_closed:
        raise GateClosed(gate)


def _gate(
    tx: Transaction,
    root: Account,
    key: Key,
    rules: Rules,
    own: Vetting | None,
    owner: Vetting | None,
    exceptions: tuple[GateException, ...],
    find: Find | None,
) -> Gate:
    mine = own or Vetting(account_id=root.id, key_id=key.id)
    risk = Risk(level=Level.CRITICAL, reasons=()) if find is None else risk_of(key, rules.table, find)
    counts = owner if rules.accepts_owner else None
    return Gate(
        root=root,
        key=key,
        rules=rules,
        risk=risk,
        own=mine,
        owner=owner,
        lacks=tuple(lacks_of(mine, rules.needs[risk.level], tx.now, owner=counts)),
        overdue=tuple(overdue_of(mine, tx.now)),
        exceptions=exceptions,
        now=tx.now,
    )


def _owners(tx: Transaction, root: Account, keys: Sequence[Key]) -> dict[int, Vetting]:
    """Return the owners' records about the keys that other accounts own."""
    site = read_accounts.site_admin(tx)
    by_owner: dict[AccountId, list[int]] = {}
    for key in keys:
        owner_id = site.id if key.account_id is None else key.account_id
        if owner_id != root.id:
            by_owner.setdefault(owner_id, []).append(key.id)
    found: dict[int, Vetting] = {}
    for owner_id, ids in by_owner.items():
        found |= read_vetting.vettings_of(tx, owner_id, ids)
    return found
