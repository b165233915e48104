"""Where do the processes of a node share the levels of the throttle?"""

import os
import tempfile
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from keystead.config import Settings
from keystead.core.throttle import USUAL
from keystead.gateway.levels import Levels
from keystead.observability.logs import log


def levels_of(settings: Settings) -> Levels:
    """Return the levels of the throttle: in a file that the processes of this node share, else in memory."""
    url, measure = settings.database_url.get_secret_value(), USUAL.share_of(settings.nodes)
    if not settings.throttle:
        return Levels()
    if settings.is_embedded:
        path = Path(url.removeprefix("sqlite:///") + "-levels")
    else:
        path = Path(tempfile.gettempdir()) / f"keystead-{os.geteuid()}-{_place_of(url)}" / "levels"
    try:
        return Levels(path, is_private=not settings.is_embedded, measure=measure)
    except OSError as failed:
        log.warning("throttle.not_shared", cause=type(failed).__name__)
        return Levels(measure=measure)


def _place_of(url: str) -> str:
    """Return a name for where a database is. Nothing of who may open it goes in: the name can be seen by everybody."""
    parts = urlsplit(url)
    where = (parts.netloc.rpartition("@")[2], parts.path, *parse_qs(parts.query).get("host", ()))
    return sha256("\n".join(where).encode()).hexdigest()[:16]
