"""What does every page share? The frame, the security headers, the words made safe to show, and the static files."""

import gzip
import re
from base64 import b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import ClassVar, Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

from keystead.core.instants import iso
from keystead.web.languages import (
    ANYBODY,
    LANGUAGES,
    Reader,
    counted,
    day,
    moment,
    number,
    reading,
    words_in,
)

LONGEST_SHOWN: Final = 200
NAMELESS_APP: Final = "Third-Party Application"

_CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_INVISIBLE: Final = re.compile(
    "[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_BLANKS: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u3164\u115f\u1160\uffa0]+")
_SOURCE: Final = re.compile(r"[a-z][a-z0-9+.-]*:(//[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What surrounds a page. Without ``csrf`` there is no session: no logout form and no meta element.

    The links of the header follow from what somebody ``sees`` and ``reads`` in the host's account.
    """

    title: str
    account_name: str
    signed_in_as: str | None = None
    csrf: str | None = None
    flash: str | None = None
    account_id: int | None = None
    sees_keys: bool = False
    reads_audit: bool = False
    sees_roles: bool = False
    reader: Reader = ANYBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A page that says one thing, most often why something is refused."""

    TEMPLATE: ClassVar = "web/message.html"

    heading: str
    words: str
    next_href: str | None = None
    next_words: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """A file of ours under ``/static/``; ``etag`` is strong and quoted."""

    content: bytes
    content_type: str
    digest: str
    compressed: bytes = field(repr=False)

    @property
    def etag(self) -> str:
        """The value of the ``ETag`` header."""
        return f'"{self.digest}"'


class Pages:
    """Renders views into whole pages; made once and shared."""

    __slots__ = ("_environments",)

    def __init__(self) -> None:
        self._environments = {language: _environment(language) for language in LANGUAGES}

    def render(self, name: str, view: object, frame: Frame) -> bytes:
        """Return the page ``name``, such as ``login/sign_in.html`` (``TEMPLATE`` of its view), as UTF-8."""
        before = reading.set(frame.reader)
        try:
            template = self._environments[frame.reader.language].get_template(name)
            return template.render(view=view, frame=frame).encode("utf-8", "replace")
        finally:
            reading.reset(before)


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PrefixLoader({part: PackageLoader(f"keystead.{part}") for part in ("web", "login", "console")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(words_in(language), newstyle=True)  # type: ignore[attr-defined]
    environment.globals["asset"] = asset
    environment.filters.update(
        shown=shown, icon=shown_icon, day=day, moment=moment, machine=iso, counted=counted, number=number
    )
    return environment


def page_headers(*, form_targets: Sequence[str] = ()) -> dict[str, str]:
    """Return the headers of every page; ``form_targets`` are where a form's answer may redirect to.

    Browsers apply ``form-action`` to the redirect that follows a form, so the consent page names the client's origin
    (``form_target``). There is no ``Cross-Origin-Opener-Policy``: clients that open sign-in in a popup need their
    opener back.
    """
    for target in form_targets:
        if _SOURCE.fullmatch(target) is None:
            raise ValueError("a form target is an origin or a scheme with its colon")
    policy = (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' https: data:",
        "font-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        " ".join(("form-action 'self'", *form_targets)),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "; ".join(policy),
        "Cache-Control": "no-store",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def form_target(redirect_uri: str) -> str | None:
    """Return the source expression that lets a form lead on to a redirect URI, None when it has no scheme.

    Hosts that a source expression cannot name, such as IPv6 addresses, and schemes of native apps give the scheme
    alone (CSP Level 3 section 2.3.1).
    """
    try:
        parts = urlsplit(redirect_uri)
        port = parts.port
    except ValueError:
        return None
    if not parts.scheme:
        return None
    if parts.scheme in ("http", "https") and parts.hostname:
        origin = f"{parts.scheme}://{parts.hostname}" + ("" if port is None else f":{port}")
        if _SOURCE.fullmatch(origin):
            return origin
    scheme = f"{parts.scheme}:"
    return scheme if _SOURCE.fullmatch(scheme) else None


def shown(text: str | None, otherwise: str = NAMELESS_APP) -> str:
    """Return somebody else's words fit to stand in ours: one line, no direction overrides, not endless.

    The marks of Unicode UAX #9 that turn the reading direction, and characters nobody sees, are taken out; what is
    then blank becomes ``otherwise``.
    """
    visible = _BLANKS.sub(" ", _INVISIBLE.sub("", (text or "")[: LONGEST_SHOWN * 8])).strip()
    if len(visible) > LONGEST_SHOWN:
        visible = visible[: LONGEST_SHOWN - 1].rstrip() + "…"
    return visible or otherwise


def shown_icon(url: str | None) -> str | None:
    """Return the address of an app's icon when a page may load it: ``https`` with a host, else None."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme == "https" and parts.hostname else None


def static_file(path: str) -> StaticFile | None:
    """Return the file of ``/static/<path>``, None when it is not one of ours."""
    return _static_files().get(path)


def asset(name: str) -> str:
    """Return the address of a static file; it changes with the content, so browsers may keep the answer for good."""
    return f"/static/{name}?v={_static_files()[name].digest}"


@cache
def _static_files() -> Mapping[str, StaticFile]:
    found = {}
    for file in files("keystead.web").joinpath("static").iterdir():
        content_type = _CONTENT_TYPES.get(file.name[file.name.rfind(".") :])
        if content_type is not None:
            content = file.read_bytes()
            digest = b32encode(sha256(content).digest()[:15]).decode().lower()
            found[file.name] = StaticFile(
                content=content, content_type=content_type, digest=digest, compressed=gzip.compress(content, mtime=0)
            )
    return found
