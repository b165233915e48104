"""What is the upstream told about the person acting? A signed, short-lived statement (docs/gateway.md)."""

from collections import OrderedDict
from dataclasses import dataclass

from keystead.core.decision import scopes_decide
from keystead.core.ids import global_id
from keystead.core.instants import SECOND, Instant
from keystead.gateway.facts import Facts, IdentitySigner
from keystead.gateway.memory import Known, Statement

LIFETIME = 60 * SECOND
REUSED_WHILE_LEFT = 20 * SECOND
MOST_KEPT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    text: str
    facts: Facts
    expires_at: Instant


class Identities:
    """Makes identity statements; one serves the same facts again while enough of its life is left."""

    def __init__(self, signer: IdentitySigner) -> None:
        self._signer = signer
        self._kept: OrderedDict[tuple[object, ...], _Statement] = OrderedDict()

    def of_known(self, known: Known, issuer: str, audience: str, now: Instant) -> bytes:
        """Return the JWT about a remembered credential whose call has no body that was not seen.

        It is kept with what is remembered, for the issuer that asked last.
        """
        kept = known.statement
        if kept is not None and kept.issuer == issuer and REUSED_WHILE_LEFT <= kept.expires_at - now <= LIFETIME:
            return kept.octets
        unseen = known.allowed is not None and known.allowed.decision.strip_includes
        made = self._made(known.facts, issuer=issuer, audience=audience, now=now, sees_body=not unseen)
        known.statement = Statement(issuer, made.expires_at, made.text.encode())
        return known.statement.octets

    def statement(self, facts: Facts, *, issuer: str, audience: str, now: Instant, sees_body: bool = True) -> str:
        """Return the JWT for these facts, from ``issuer`` to ``audience``. ``sees_body`` False: bodies were not cut."""
        return self._made(facts, issuer=issuer, audience=audience, now=now, sees_body=sees_body).text

    def _made(self, facts: Facts, *, issuer: str, audience: str, now: Instant, sees_body: bool) -> _Statement:
        assert facts.token is not None  # noqa: S101  (only calls that were allowed have an identity)
        at = (facts.token.id, issuer, audience, sees_body, None if facts.user is None else facts.user.id)
        kept = self._kept.get(at)
        is_same = kept is not None and (kept.facts is facts or kept.facts == facts)
        if kept is not None and is_same and REUSED_WHILE_LEFT <= kept.expires_at - now <= LIFETIME:
            return kept
        text = self._signer.sign(claims(facts, issuer=issuer, audience=audience, now=now, sees_body=sees_body))
        made = self._kept[at] = _Statement(text=text, facts=facts, expires_at=Instant(now + LIFETIME))
        self._kept.move_to_end(at)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return made


def claims(facts: Facts, *, issuer: str, audience: str, now: Instant, sees_body: bool) -> dict[str, object]:
    """Return what the statement says: local id as text, account as number, scopes (empty: not limited)."""
    told = {"iss": issuer, "aud": audience, "iat": now // SECOND, "exp": (now + LIFETIME) // SECOND} | who_acts(facts)
    if not sees_body:
        told["includes"] = False
    return told


def who_acts(facts: Facts) -> dict[str, object]:
    """Return the members that say who acts, for which key, within which scopes. Only for calls that may pass."""
    if facts.user is None or facts.key is None or facts.token is None:
        raise LookupError("a call that may pass has a person, a key and a token")
    told: dict[str, object] = {
        "sub": str(facts.user.id),
        "name": facts.user.name,
        "login": facts.login,
        "account": int(facts.domain_root.id),
        "client_id": str(global_id(facts.key.id)),
        "scopes": list(facts.token.scopes) if scopes_decide(facts.key, facts.token) else [],
    }
    if facts.real_user is not None:
        told["act"] = {"sub": str(facts.real_user.id), "name": facts.real_user.name}
    return told
