"""What the pages of sign-in and consent say, and scopes in plain words."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from keystead.core.catalogue import Catalogue, Entry, from_entries, route_entry
from keystead.core.scopes import USERINFO
from keystead.login.views import ConsentView, GrantLine, LogoutView, MessageView, OutOfBandView, SignInView, grants_of
from keystead.web.html import Frame, Pages

pytestmark = pytest.mark.pure

PAGES = Pages()
FRAME = Frame(title="App Login", account_name="Westbrook", signed_in_as="Ada", csrf="proof")
VOID = frozenset({"meta", "link", "img", "input", "path", "circle", "rect", "wbr"})

CONSENT = ConsentView(
    app_name="Harmonize",
    user_name="Ada Okonkwo",
    custom_csrf_token="once",
    redirect_host="app.example",
    grants=(GrantLine(resource_name="Courses", sees=True), GrantLine(resource_name="Files", sees=True, deletes=True)),
)


class Form:
    """What a form sends, and the words of its buttons."""

    def __init__(self, attributes: dict[str, str | None]) -> None:
        self.method, self.action, self.id = (attributes.get(name) for name in ("method", "action", "id"))
        self.fields: dict[str, str | None] = {}
        self.buttons: list[str] = []


class Page(HTMLParser):
    """A page as a person and their browser meet it: words, forms, labels, roles."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.sent_with: dict[str, dict[str, str | None]] = {}
        self.labels: set[str] = set()
        self.ids: set[str] = set()
        self.alerts: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.links: list[str | None] = []
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self._words: list[str] = []
        self.feed(text.decode())
        self.words = " ".join(" ".join(self._words).split())
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag not in VOID:
            self._open.append((tag, attributes))
        if attributes.get("id"):
            assert attributes["id"] not in self.ids
            self.ids.add(str(attributes["id"]))
        match tag:
            case "form":
                self.forms.append(Form(attributes))
            case "input" if attributes.get("form"):
                self.sent_with.setdefault(str(attributes["form"]), {})[str(attributes["name"])] = attributes.get(
                    "value"
                )
            case "input" if self.forms:
                self.forms[-1].fields[str(attributes["name"])] = attributes.get("value")
            case "label":
                self.labels.add(str(attributes.get("for")))
            case "img":
                self.images.append(attributes)
            case "a":
                self.links.append(attributes.get("href"))
            case _:
                pass

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, text: str) -> None:
        self._words.append(text)
        if any(attributes.get("role") == "alert" for _, attributes in self._open):
            self.alerts.append(text.strip())
        if any(tag == "button" for tag, _ in self._open) and text.strip() and self.forms:
            self.forms[-1].buttons.append(text.strip())

    def form(self, action: str) -> Form:
        (found,) = [form for form in self.forms if form.action == action]
        return found


def page_of(view: SignInView | ConsentView | OutOfBandView | LogoutView | MessageView) -> Page:
    return Page(PAGES.render(view.TEMPLATE, view, FRAME))


def test_sign_in_has_labelled_fields_under_the_names_of_canvas() -> None:
    page = page_of(SignInView(account_name="Westbrook", unique_id='a"da', authenticity_token="early"))

    form = page.form("/login")
    assert form.method == "post"
    assert form.fields == {
        "authenticity_token": "early",
        "pseudonym_session[unique_id]": 'a"da',
        "pseudonym_session[password]": None,
    }
    assert {"unique-id", "password"} <= page.labels & page.ids
    assert form.buttons == ["Sign in"]
    assert page.alerts == []


def test_sign_in_says_what_went_wrong_and_which_app_waits() -> None:
    page = page_of(SignInView(account_name="Westbrook", error="Please try again.", app_name="Harmonize"))

    assert "Please try again." in page.alerts
    assert "Harmonize asks for access to your account" in page.words


def test_consent_says_who_asks_for_what_as_whom() -> None:
    page = page_of(replace(CONSENT, user_email="ada@example.org", key_owner="Westbrook"))

    assert "App Login · Keystead" in page.words
    assert "Harmonize is requesting access to your account." in page.words
    assert "You are authorizing this app as Ada Okonkwo" in page.words
    assert "/profile/settings" in page.links
    assert "ada@example.org" in page.words
    assert "Courses See" in page.words
    assert "Files See Delete" in page.words
    assert "with your permissions, never more" in page.words
    assert "app.example" in page.words


def test_consent_offers_authorize_and_cancel() -> None:
    page = page_of(CONSENT)

    accept, deny = page.form("/login/oauth2/accept"), page.form("/login/oauth2/deny")
    assert (accept.method, accept.fields, accept.buttons) == ("post", {"custom_csrf_token": "once"}, ["Authorize"])
    assert (deny.method, deny.fields, deny.buttons) == ("post", {"custom_csrf_token": "once"}, ["Cancel"])
    assert page.sent_with == {}


def test_only_identity_may_be_remembered() -> None:
    page = page_of(replace(CONSENT, grants=(), only_identity=True, offers_remember=True))

    accept = page.form("/login/oauth2/accept")
    assert page.sent_with == {accept.id: {"remember_access": "1"}}
    assert "Remember my authorization for this service" in page.words
    assert "It learns only who you are" in page.words


def test_an_unlimited_key_is_a_clear_warning() -> None:
    page = page_of(replace(CONSENT, grants=(), unlimited=True))

    assert "It may do everything you can do" in page.words


def test_consent_for_somebody_else_says_for_whom() -> None:
    page = page_of(replace(CONSENT, acting_for="Grace Lim"))

    assert "You are acting for Grace Lim : the app will reach their account." in page.words


def test_many_grants_are_all_on_the_page() -> None:
    lines = tuple(GrantLine(resource_name=f"Resource {number}", sees=True) for number in range(30))

    page = page_of(replace(CONSENT, grants=lines))

    assert "Show 20 more parts of your account" in page.words
    assert all(line.resource_name in page.words for line in lines)


def test_a_hostile_name_neither_breaks_out_nor_turns_the_line_around() -> None:
    hostile = "\u202e</bdi><script>x</script>" + "y" * 10_000

    page = page_of(replace(CONSENT, app_name=hostile, user_name=hostile, user_email=hostile, redirect_host=hostile))

    assert "</bdi><script>x</script>yyy" in page.words
    assert "\u202e" not in page.words
    assert len(page.words) < 2_500


def test_an_icon_is_loaded_without_a_referrer_and_only_by_https() -> None:
    shown = page_of(replace(CONSENT, icon_url="https://app.example/i.png")).images
    refused = page_of(replace(CONSENT, icon_url="http://app.example/i.png")).images

    assert [image["referrerpolicy"] for image in shown if image["src"] == "https://app.example/i.png"] == [
        "no-referrer"
    ]
    assert [image for image in refused if "app.example" in str(image["src"])] == []


def test_out_of_band_shows_the_code_or_the_error() -> None:
    given = page_of(OutOfBandView(code="c0de"))
    refused = page_of(OutOfBandView(error="access_denied"))
    neither = page_of(OutOfBandView())

    assert "c0de" in given.words
    assert "close this window" in given.words
    assert "access_denied" in refused.alerts
    assert "Nothing to do here" in neither.words


def test_logout_asks_with_a_form_of_its_own() -> None:
    page = page_of(LogoutView(authenticity_token="proof"))
    out = page_of(LogoutView(authenticity_token=None))

    assert [form.fields for form in page.forms if form.action == "/logout"] == [{"authenticity_token": "proof"}] * 2
    assert "You are signed out" in out.words


def test_a_message_leads_on() -> None:
    page = page_of(MessageView(heading="Refused", words="Not here.", next_href="/console", next_words="Go on"))

    assert "Refused Not here. Go on" in page.words
    assert "/console" in page.links


def test_secrets_stay_out_of_reprs() -> None:
    assert "once" not in repr(CONSENT)
    assert "c0de" not in repr(OutOfBandView(code="c0de"))


def catalogue() -> Catalogue:
    def route(verb: str, name: str) -> Entry:
        path = f"/api/v1/{name.lower()}"
        return route_entry(resource=name.lower(), resource_name=name, verb=verb, path=path)

    hidden = Entry(resource="secret", resource_name=None, verb="PUT", scope="url:PUT|/api/v1/hidden")
    verbs = ("GET", "POST", "PUT", "PATCH", "DELETE")
    return from_entries([], own=[hidden, *(route(verb, name) for verb in verbs for name in ("Courses", "files"))])


@pytest.mark.parametrize(
    ("scopes", "lines"),
    [
        ([], ()),
        (["url:GET|/api/v1/courses"], (GrantLine(resource_name="Courses", sees=True),)),
        (["url:POST|/api/v1/courses"], (GrantLine(resource_name="Courses", changes=True),)),
        (["url:PUT|/api/v1/courses"], (GrantLine(resource_name="Courses", changes=True),)),
        (["url:PATCH|/api/v1/courses"], (GrantLine(resource_name="Courses", changes=True),)),
        (["url:DELETE|/api/v1/courses"], (GrantLine(resource_name="Courses", deletes=True),)),
        (
            ["url:GET|/api/v1/files", "url:GET|/api/v1/courses", "url:DELETE|/api/v1/files", "url:PUT|/api/v1/files"],
            (
                GrantLine(resource_name="Courses", sees=True),
                GrantLine(resource_name="files", sees=True, changes=True, deletes=True),
            ),
        ),
        (["url:GET|/api/v1/unheard_of", "<script>", ""], ()),
        (
            ["url:PUT|/api/v1/hidden", "url:GET|/api/v1/files", USERINFO],
            (
                GrantLine(resource_name="Who you are", sees=True),
                GrantLine(resource_name="files", sees=True),
                GrantLine(resource_name="Other parts of your account", changes=True),
            ),
        ),
    ],
)
def test_scopes_become_plain_words_by_resource(scopes: list[str], lines: tuple[GrantLine, ...]) -> None:
    assert grants_of(scopes, catalogue().find) == lines
