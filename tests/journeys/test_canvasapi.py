"""A widely used client library, as scripts use it: objects, pages and its own errors, all through the gateway."""

import pytest
from canvasapi import Canvas
from canvasapi.exceptions import Forbidden, InvalidAccessToken, ResourceDoesNotExist, Unauthorized

from journeys.browsing import agree, answered, authorization_url, sign_in
from journeys.conftest import Installation

REDIRECT = "https://scripts.example/cb"
SCOPES = ["url:GET|/api/v1/accounts", "url:GET|/api/v1/accounts/:id"]
pytestmark = pytest.mark.filterwarnings("ignore:Canvas may respond unexpectedly:UserWarning")


def admins_token(installation: Installation) -> str:
    made = installation.call(
        "POST", "/api/v1/users/2/tokens", installation.bootstrap_token, data={"token[purpose]": "script"}
    )
    return str(made.json()["visible_token"])


def scoped_key(installation: Installation, admin: str) -> dict[str, str]:
    """Make a key that is on and requires scopes; return its id and secret as a client sends them."""
    form = {
        "developer_key[name]": "Script", "developer_key[redirect_uris]": REDIRECT, "developer_key[scopes][]": SCOPES,
        "developer_key[require_scopes]": "true",
    }  # fmt: skip
    key = installation.call("POST", "/api/v1/accounts/self/developer_keys", admin, data=form).json()
    path = f"/api/v1/accounts/self/developer_keys/{key['id']}/developer_key_account_bindings"
    assert installation.call("POST", path, admin, data={"workflow_state": "on"}).status_code == 200
    return {"client_id": str(key["id"]), "client_secret": key["api_key"]}


def scoped_token(installation: Installation, client: dict[str, str]) -> str:
    with installation.client() as browser:
        sign_in(browser, "admin", "keystead-admin")
        browser.get(authorization_url(client["client_id"], REDIRECT, scope=" ".join(SCOPES)))
        code = answered(agree(browser))["code"]
        form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code": code} | client
        return str(browser.post("/login/oauth2/token", data=form).json()["access_token"])


def test_canvasapi_lists_accounts_and_courses_page_by_page_and_reads_the_scopes(installation: Installation) -> None:
    canvas = Canvas(installation.url, admins_token(installation))

    accounts = list(canvas.get_accounts())
    university = canvas.get_account(2)
    by_pages = [course.id for course in university.get_courses(per_page=2)]
    at_once = [course.id for course in university.get_courses(per_page=100)]
    colleges = [account.id for account in university.get_subaccounts(recursive=True, per_page=1)]
    scopes = list(university.get_scopes())

    assert [account.id for account in accounts] == [2]
    assert len(by_pages) > 2
    assert by_pages == at_once
    assert len(colleges) == len(set(colleges)) > 1
    assert {"Accounts", "Courses"} <= {scope.resource_name for scope in scopes}


def test_canvasapi_tells_a_bad_token_from_one_that_lacks_a_scope(installation: Installation) -> None:
    admin = admins_token(installation)
    client = scoped_key(installation, admin)
    canvas = Canvas(installation.url, scoped_token(installation, client))

    assert canvas.get_account(2).name == "Larkfield University"
    with pytest.raises(Unauthorized, match="Insufficient scopes on access token"):
        canvas.get_course(101)
    with pytest.raises(InvalidAccessToken, match="Invalid access token"):
        Canvas(installation.url, "nonsense").get_account(2)
    with pytest.raises(ResourceDoesNotExist):
        Canvas(installation.url, admin).get_account(99_999)
    elsewhere = Canvas(installation.url, admin).get_account(2)
    elsewhere.id = 1
    with pytest.raises(Forbidden):
        list(elsewhere.get_scopes())
    path = f"/api/v1/accounts/self/developer_keys/{client['client_id']}/developer_key_account_bindings"
    installation.call("POST", path, admin, data={"workflow_state": "off"})
    with pytest.raises(InvalidAccessToken):
        canvas.get_account(2)


def test_scopes_come_grouped_by_their_resource_when_asked(installation: Installation) -> None:
    response = installation.call("GET", "/api/v1/accounts/2/scopes?group_by=resource_name", admins_token(installation))

    grouped = response.json()
    assert {scope["scope"] for scope in grouped["Courses"]} >= {"url:GET|/api/v1/courses/:id"}
    assert all(scope["resource_name"] == name for name, scopes in grouped.items() for scope in scopes)
