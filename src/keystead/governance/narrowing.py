"""How does a key come down to the scopes that it uses, in one step that can be taken back?"""

from dataclasses import dataclass

from keystead.actions import keys as act
from keystead.core.accounts import Account
from keystead.core.actors import Actor
from keystead.core.catalogue import Catalogue
from keystead.core.errors import Invalid, NotFound
from keystead.core.keys import Key
from keystead.core.routes import RouteTable
from keystead.core.usage import Period
from keystead.governance.impact import Impact, KeyChange, impact_of
from keystead.governance.privileges import ScopeNeed, least_privilege
from keystead.storage.read.audit import AuditEntry, AuditSearch, find_entry, list_entries
from keystead.storage.read.pages import Window
from keystead.storage.transaction import Transaction
from keystead.storage.usage_figures import UsageFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What narrowing a key to what it used in a period means. ``impact`` is told by the last 90 days."""

    period: Period
    going: tuple[ScopeNeed, ...]
    staying: tuple[ScopeNeed, ...]
    impact: Impact

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that the key would have."""
        return tuple(need.scope for need in self.staying)

    @property
    def is_possible(self) -> bool:
        """Whether something goes and something stays."""
        return bool(self.going and self.staying)


def narrowing_of(
    tx: Transaction, figures: UsageFigures, key: Key, account: Account, period: Period, *, table: RouteTable
) -> Narrowing:
    """Return what narrowing a key means. Raises NotFound for keys of others, and for those that enforce no scopes.

    Without enforced scopes a key is watched first (governance.watching): nothing here says what it may need.
    """
    owner = None if account.is_site_admin else account.id
    if key.account_id != owner or not key.require_scopes or key.is_built_in:
        raise NotFound
    found = least_privilege(figures, key, account, period, table=table, now=tx.now)
    granted = [need for need in found.needs if need.granted]
    staying = tuple(need for need in granted if need.is_used)
    change = KeyChange(scopes=tuple(need.scope for need in staying))
    return Narrowing(
        period=period,
        going=tuple(need for need in granted if not need.is_used),
        staying=staying,
        impact=impact_of(tx, figures, key, account, change, table=table),
    )


def narrow(
    tx: Transaction, key: Key, narrowing: Narrowing, *, catalogue: Catalogue, acting: Actor, because: str | None
) -> AuditEntry:
    """Take the scopes away that go, by whom ``actions.keys.get_for_change`` let have the key; return the audit entry.

    Raises Invalid when nothing goes or nothing stays.
    """
    if not narrowing.is_possible:
        raise Invalid({"scopes": ["cannot be narrowed by what was used"]})
    change = act.KeyChange(values={"scopes": narrowing.scopes})
    act.update(tx, key, change, catalogue=catalogue, acting=acting, because=because)
    owner = act.owner_of(tx, key)
    search = AuditSearch(account_ids=(owner.id,), action="key.updated", key_id=key.id)
    return list_entries(tx, search, Window(limit=1)).items[0]


def narrowed_by(tx: Transaction, key: Key, entry_id: int | None) -> AuditEntry | None:
    """Return the entry if it tells of scopes taken from a key that has just those left, so that it can be undone."""
    owner = act.owner_of(tx, key)
    entry = find_entry(tx, AuditSearch(account_ids=(owner.id,), action="key.updated", key_id=key.id), entry_id)
    if entry is None or entry.subject_id != key.id:
        return None
    before, after = (entry.before or {}).get("scopes"), (entry.after or {}).get("scopes")
    is_last = after == list(key.scopes) and before is not None and set(before) > set(after)
    return entry if is_last else None


def restore(
    tx: Transaction, key: Key, entry_id: int | None, *, catalogue: Catalogue, acting: Actor, because: str | None
) -> Key:
    """Give a key the scopes back that a narrowing took; tokens that ended stay ended.

    Raises Invalid when the key's scopes have changed since.
    """
    entry = narrowed_by(tx, key, entry_id)
    if entry is None:
        raise Invalid({"scopes": ["have changed since, so this cannot be undone"]})
    change = act.KeyChange(values={"scopes": tuple((entry.before or {})["scopes"])})
    return act.update(tx, key, change, catalogue=catalogue, acting=acting, because=because)
