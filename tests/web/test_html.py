"""The frame, the headers, what is fit to be shown, and the static files."""

import re
from html.parser import HTMLParser
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from keystead.console import views as console
from keystead.core.bindings import BindingState
from keystead.core.instants import EPOCH
from keystead.web import html
from keystead.web.html import (
    Frame,
    MessageView,
    Pages,
    asset,
    form_target,
    page_headers,
    shown,
    shown_icon,
    static_file,
)

pytestmark = pytest.mark.pure

PAGES = Pages()
MESSAGE = MessageView(heading="Refused", words="Not registered.")
SIGNED_IN = Frame(
    title="Home", account_name="Westbrook", signed_in_as="Ada", csrf="proof", account_id=7, sees_keys=True
)


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.found if found == tag]


def rendered(frame: Frame, view: MessageView = MESSAGE) -> str:
    return PAGES.render(MessageView.TEMPLATE, view, frame).decode()


def templates(folder: Traversable | None = None) -> list[tuple[str, str]]:
    if folder is None:
        parts = ("keystead.web", "keystead.login", "keystead.console")
        return [found for part in parts for found in templates(files(part).joinpath("templates"))]
    return [(file.name, file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".html")]


def test_the_content_security_policy_says_exactly_this() -> None:
    headers = page_headers(form_targets=("https://tool.example:8443",))

    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' https: data:; font-src 'self'; script-src 'self'; "
        "connect-src 'self'; form-action 'self' https://tool.example:8443; frame-ancestors 'none'; base-uri 'none'"
    )


def test_pages_are_neither_stored_nor_framed_nor_sniffed_and_tell_no_referrer() -> None:
    headers = page_headers()

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Cross-Origin-Opener-Policy" not in headers


@pytest.mark.parametrize(
    "target", ["https://a; script-src *", "https://a b", "*", "'unsafe-inline'", "https://*.a", "https:\n", ""]
)
def test_a_form_target_cannot_widen_the_policy(target: str) -> None:
    with pytest.raises(ValueError, match="form target"):
        page_headers(form_targets=(target,))


@pytest.mark.parametrize(
    ("redirect_uri", "target"),
    [
        ("https://Tool.Example/callback?x=1", "https://tool.example"),
        ("http://localhost:3000/cb", "http://localhost:3000"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:1"),
        ("http://[::1]:8080/cb", "http:"),
        ("https://a;b/cb", "https:"),
        ("https://*.example/cb", "https:"),
        ("com.example.app:/cb", "com.example.app:"),
        ("myapp://cb", "myapp:"),
        ("https://a.example:99999/", None),
        ("no scheme", None),
    ],
)
def test_the_form_may_lead_on_to_the_redirect_origin(redirect_uri: str, target: str | None) -> None:
    assert form_target(redirect_uri) == target


@settings(max_examples=40)
@given(st.text(max_size=40))
def test_every_form_target_fits_the_policy(text: str) -> None:
    for uri in (text, f"https://{text}/cb", f"{text}://cb"):
        target = form_target(uri)
        if target is not None:
            page_headers(form_targets=(target,))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (None, "Third-Party Application"),
        (" \u200b\u3164\n", "Third-Party Application"),
        ("Evil\u202egnp.exe\u202c \u2066x\u2069", "Evilgnp.exe x"),
        ("one\r\ntwo\x00\x1b", "one two"),
        ("دفتر‌چه 👩‍🏫", "دفتر‌چه 👩‍🏫"),
        ("x" * 10_000, "x" * 199 + "…"),
    ],
)
def test_names_are_shown_on_one_line_in_reading_order(text: str | None, seen: str) -> None:
    assert shown(text) == seen


@pytest.mark.parametrize("url", ["http://a/i.png", "javascript:x", "data:image/png,x", "https:", "//a/i.png", None])
def test_icons_come_by_https_or_not_at_all(url: str | None) -> None:
    assert shown_icon(url) is None
    assert shown_icon("https://a.example/i.png") == "https://a.example/i.png"


def test_instants_are_told_in_utc() -> None:
    assert html.day(EPOCH) == "1 Jan 1970"
    assert html.moment(EPOCH) == "1 Jan 1970, 00:00 UTC"
    assert html.day(None) == "never"
    assert html.moment(None) == "--"


def test_a_static_file_has_a_type_and_an_address_that_follows_its_content() -> None:
    file = static_file("base.css")

    assert file is not None
    assert file.content_type == "text/css; charset=utf-8"
    assert file.etag == f'"{file.digest}"'
    assert asset("base.css") == f"/static/base.css?v={file.digest}"


@pytest.mark.parametrize(
    "path", ["", "../html.py", "..%2fhtml.py", "/etc/passwd", "base.css/", ".", "BASE.CSS", "x.css"]
)
def test_nothing_but_our_own_files_is_static(path: str) -> None:
    assert static_file(path) is None


def test_the_frame_offers_the_way_out_and_the_proof_of_the_session() -> None:
    page = Elements(rendered(SIGNED_IN))

    assert {"name": "csrf-token", "content": "proof"} in page.named("meta")
    assert {"method": "post", "action": "/logout"} in page.named("form")
    assert {"type": "hidden", "name": "authenticity_token", "value": "proof"} in page.named("input")
    assert "/accounts/7/developer_keys" in [link["href"] for link in page.named("a")]
    assert page.named("a")[0]["href"] == "#main"
    assert page.named("main")[0]["id"] == "main"
    assert page.named("html")[0]["lang"] == "en"


def test_without_a_session_there_is_no_logout_form() -> None:
    page = Elements(rendered(Frame(title="Sign in", account_name="Westbrook")))

    assert page.named("form") == []
    assert [meta for meta in page.named("meta") if meta.get("name") == "csrf-token"] == []


def test_a_flash_is_a_status() -> None:
    page = rendered(Frame(title="Home", account_name="Westbrook", flash="Saved <b>it</b>."))

    assert re.search(r'role="status"><div>Saved &lt;b&gt;it&lt;/b&gt;\.<', page)


def test_hostile_words_stay_words() -> None:
    hostile = '"><script>alert(1)</script>'

    page = rendered(
        Frame(title=hostile, account_name=hostile, signed_in_as=hostile, csrf=hostile),
        MessageView(heading=hostile, words=hostile, next_href="/", next_words=hostile),
    )

    assert all(set(one) == {"src", "defer"} for one in Elements(page).named("script"))
    assert "<script>alert" not in page


def test_a_lone_surrogate_does_not_break_the_page() -> None:
    page = PAGES.render(MessageView.TEMPLATE, MESSAGE, Frame(title="x", account_name="a\ud800b"))

    assert b"a?b" in page


def test_a_template_that_asks_for_what_is_not_there_fails() -> None:
    with pytest.raises(UndefinedError):
        PAGES.render(MessageView.TEMPLATE, object(), SIGNED_IN)


@pytest.mark.parametrize(("name", "text"), templates())
def test_no_template_carries_style_or_script(name: str, text: str) -> None:
    inline = r"<style\b|<script(?! src=\"\{\{ asset\([a-z\".-]+\) \}\}\" defer></script>)"

    assert not re.search(inline + r"|\sstyle=|\son[a-z]+=|javascript:", text), name


@pytest.mark.parametrize("sheet", ["base.css", "parts.css", "forms.css", "tables.css", "consent.css"])
def test_colours_are_named_in_one_place(sheet: str) -> None:
    file = static_file(sheet)

    assert file is not None
    assert not re.search(rb"#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\(", file.content)


def test_no_drawing_grows_to_the_width_of_what_it_stands_in() -> None:
    drawings = [tag for _, text in templates() for tag in re.findall(r"<svg[^>]*>", text)]

    assert drawings
    assert [tag for tag in drawings if "width=" not in tag and "class=" not in tag] == []


def test_every_state_has_a_colour_and_a_shape_of_its_own() -> None:
    signs = dict(templates())["parts.html"]

    assert all(f'"{state.value}"' in signs for state in BindingState)


def console_page(view: Any) -> str:
    return PAGES.render(view.TEMPLATE, view, SIGNED_IN).decode()


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_home_leads_to_the_keys_of_each_account() -> None:
    account = console.AccountLine(name="Westbrook", words="Root account", keys_href="/accounts/7/developer_keys")

    page = console_page(console.HomeView(user_name="Ada", login="ada", accounts=(account,)))

    assert "Developer Keys of Westbrook" in words_of(page)
    assert "/profile/settings" in page
    assert "Your accounts" not in console_page(console.HomeView(user_name="Ada", login="ada"))


def test_integrations_stand_in_a_table_with_what_can_be_done() -> None:
    row = console.IntegrationRow(
        app_name="Harmonize",
        status=console.IntegrationStatus.PENDING,
        purpose="Grades",
        details_href="/d",
        revoke_href="/r",
        activate_action="/a",
    )
    view = console.ProfileView(user_name="Ada", login="ada", authenticity_token="p", integrations=(row,))

    words = words_of(console_page(view))
    empty = words_of(console_page(console.ProfileView(user_name="Ada", login="ada", authenticity_token="p")))

    assert "Approved Integrations: New Access Token" in words
    assert "App Status Purpose Dates Details Harmonize Pending Activate Harmonize, Grades Grades" in words
    assert "Expires: never Last Used: -- details of Harmonize, Grades Revoke Harmonize, Grades" in words
    assert "You have approved no app yet" in empty


def test_the_pages_of_tokens_ask_first_and_show_a_secret_once() -> None:
    details = console.TokenDetailsView(
        hint="abcde",
        app_name="Harmonize",
        status=console.IntegrationStatus.ACTIVE,
        purpose="Grades",
        created_at=EPOCH,
        back_href="/b",
        revoke_href="/r",
        regenerate_href="/g",
        authenticity_token="p",
    )
    ask: dict[str, Any] = {"action": "/x", "cancel_href": "/c", "authenticity_token": "p"}
    fresh = console.NewTokenView(**ask, purpose_error="Purpose is required.", failure="Generating token failed.")
    made = console.NewTokenShownView(token="whole", purpose="Grades", back_href="/b")
    revoke = console_page(console.RevokeView(app_name="Harmonize", purpose=None, **ask))

    told = words_of(console_page(details))
    assert (
        "Token abcde... App Harmonize Purpose Grades Created 1 Jan 1970, 00:00 UTC Last Used -- Expires never" in told
    )
    assert "Regenerate Token Revoke" in told
    assert "Regenerate Token Cancel" in words_of(console_page(console.RegenerateView(hint="a", purpose=None, **ask)))
    assert "Purpose is required." in words_of(console_page(fresh))
    assert 'name="token[purpose]"' in console_page(fresh)
    assert re.search(r"<textarea[^>]*readonly[^>]*>whole<", console_page(made))
    assert "whole" not in repr(made)
    assert "Revoke Cancel" in words_of(revoke)
    assert {"method": "post", "action": "/x"} in Elements(revoke).named("form")


TEXT_PAIRS = (
    [("ink", ground) for ground in ("page", "surface", "surface-sunken")]
    + [("ink-soft", ground) for ground in ("page", "surface", "surface-sunken")]
    + [("accent", ground) for ground in ("page", "surface", "surface-sunken")]
    + [("on-accent", "accent"), ("on-accent", "accent-strong"), ("on-danger", "danger"), ("on-danger", "danger-strong")]
    + [("accent-strong", "accent-wash"), ("good", "good-wash"), ("warn", "warn-wash"), ("danger", "danger-wash")]
    + [("warn", "surface"), ("danger", "surface")]
)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast_is_at_least_what_wcag_asks_for(scheme: int) -> None:
    """WCAG 2.2, 1.4.3 (text, 4.5:1) and 1.4.11 (borders of controls and the focus ring, 3:1)."""
    file = static_file("tokens.css")
    assert file is not None
    block = file.content.decode().split("@media")[scheme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))

    weak = [pair for pair in TEXT_PAIRS if contrast(colours[pair[0]], colours[pair[1]]) < 4.5]
    faint = [
        (line, ground)
        for line in ("control-line", "focus")
        for ground in ("page", "surface", "surface-sunken")
        if contrast(colours[line], colours[ground]) < 3
    ]

    assert weak == []
    assert faint == []


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


SHEETS = [file for file in files("keystead.web").joinpath("static").iterdir() if file.name.endswith(".css")]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_every_rule_of_a_style_sheet_is_closed(sheet: Traversable) -> None:
    """A rule that was not closed once took the effect from all that stood behind it."""
    depth = deepest = 0
    for mark in re.findall(r"[{}]", re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)):
        depth += 1 if mark == "{" else -1
        deepest = max(deepest, depth)
        assert depth >= 0

    assert depth == 0
    assert deepest <= 2
