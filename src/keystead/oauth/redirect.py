"""To which address may a browser be sent back? And how is that address written?"""

import re
from collections.abc import Mapping
from enum import Enum
from urllib.parse import quote_plus, urlsplit

from keystead.core.keys import OOB_URN, Key, is_redirect_uri

_AUTHORITY = re.compile(r"[^/?]*")


class Acceptance(Enum):
    """How a redirect URI was found acceptable."""

    EXACT = "exact"
    LENIENT = "lenient"
    OUT_OF_BAND = "out_of_band"


def accepted(key: Key, presented: str | None, *, exact_only: bool = False) -> Acceptance | None:
    """Return how the key accepts this redirect URI, None when it does not.

    In order: the out-of-band URN when the key lists it; one of ``redirect_uris``, exactly but for the case of scheme
    and host; the legacy ``redirect_uri`` with any path, query, port and subdomain (docs/canvas-compat.md, Redirects).
    Strict keys and ``exact_only`` know exact matches only.
    """
    if not presented or not is_redirect_uri(presented):
        return None
    if presented == OOB_URN:
        listed = OOB_URN in (*key.redirect_uris, key.redirect_uri)
        return Acceptance.OUT_OF_BAND if listed and not key.is_strict else None
    if _folded(presented) in {_folded(uri) for uri in key.redirect_uris}:
        return Acceptance.EXACT
    if key.redirect_uri is None:
        return None
    if _folded(presented) == _folded(key.redirect_uri):
        return Acceptance.EXACT
    if key.is_strict or exact_only or key.redirect_uri == OOB_URN:
        return None
    return Acceptance.LENIENT if _is_same_site(presented, key.redirect_uri) else None


def with_parameters(redirect_uri: str, parameters: Mapping[str, str]) -> str:
    """Return the address with these parameters, form-encoded and in alphabetical order, behind any query it has."""
    added = "&".join(f"{quote_plus(name)}={quote_plus(parameters[name])}" for name in sorted(parameters))
    return redirect_uri + ("&" if "?" in redirect_uri else "?") + added


def _is_same_site(presented: str, registered: str) -> bool:
    here, there = urlsplit(presented), urlsplit(registered)
    host, domain = (here.hostname or "").lower(), (there.hostname or "").lower()
    if not host or not domain or here.scheme != there.scheme:
        return False
    return host == domain or host.endswith(f".{domain}")


def _folded(uri: str) -> str:
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return uri
    authority = _AUTHORITY.match(rest)
    length = 0 if authority is None else authority.end()
    return f"{scheme}://{rest[:length]}".lower() + rest[length:]
