"""What did the client say? OAuth parameters from query, form or JSON, each known one at most once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keystead.core.scopes import ScopeSet
from keystead.oauth.errors import OAuthError, repeated

ONCE = frozenset(
    {
        "client_id", "client_secret", "grant_type", "code", "redirect_uri", "refresh_token", "code_verifier",
        "response_type", "response_mode", "state", "prompt", "purpose", "force_login", "code_challenge",
        "code_challenge_method", "replace_tokens", "client_assertion", "client_assertion_type", "unique_id",
        "nonce", "request", "request_uri", "token", "token_type_hint", "address",
    }
)  # fmt: skip
SCOPES = frozenset({"scope", "scopes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of one request. A blank one counts as not given."""

    values: Mapping[str, str]
    in_query: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Parameters({sorted(self.values)})"

    def get(self, name: str) -> str | None:
        """Return the value, None when it was not given or is blank."""
        return self.values.get(name) or None

    def is_set(self, name: str) -> bool:
        """Whether a switch is on: given, and not ``0`` or ``false``."""
        return (self.values.get(name) or "0").casefold() not in ("0", "false")

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes asked for, each once; ``scopes`` is heard when there is no ``scope``."""
        return ScopeSet.parse(self.get("scope") or self.get("scopes") or "").items


def read_parameters(query: Iterable[tuple[str, str]], body: Iterable[tuple[str, str]] = ()) -> Parameters | OAuthError:
    """Return the parameters of query and body together.

    The last ``scope`` counts; the others may be given once only, and none as a list (``code[]``).
    """
    values: dict[str, str] = {}
    in_query: set[str] = set()
    for pairs, where in ((query, in_query), (body, set[str]())):
        for name, value in pairs:
            base, bracket, _ = name.partition("[")
            if (name in ONCE and name in values) or (bracket and (base in ONCE or base in SCOPES)):
                return repeated(base)
            values[name] = value
            where.add(name)
    return Parameters(values=values, in_query=frozenset(in_query))
