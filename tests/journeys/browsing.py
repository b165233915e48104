"""What a person does in a browser, as requests: sign in, read a form, agree."""

import html
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')
_NAME, _VALUE = re.compile(r'name="([^"]*)"'), re.compile(r'value="([^"]*)"')


def hidden_fields(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's forms."""
    found = {}
    for tag in _HIDDEN.findall(page):
        name, value = _NAME.search(tag), _VALUE.search(tag)
        if name and value:
            found[name.group(1)] = html.unescape(value.group(1))
    return found


def sign_in(browser: httpx.Client, login: str, password: str) -> httpx.Response:
    """Sign in on the page's form."""
    form = {"pseudonym_session[unique_id]": login, "pseudonym_session[password]": password}
    return browser.post("/login", data=form)


def authorization_url(client_id: str, redirect_uri: str, **more: str) -> str:
    """Return the address that a client sends a browser to."""
    asked = {"client_id": client_id, "response_type": "code", "redirect_uri": redirect_uri, **more}
    return "/login/oauth2/auth?" + urlencode(asked)


def answered(response: httpx.Response) -> dict[str, str]:
    """Return what a redirect tells the client."""
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


def agree(browser: httpx.Client, **form: str) -> httpx.Response:
    """Read the consent page and press its button."""
    page = browser.get("/login/oauth2/confirm")
    assert page.status_code == 200, page.text
    value = hidden_fields(page.text)["custom_csrf_token"]
    return browser.post("/login/oauth2/accept", data={"custom_csrf_token": value, **form})
