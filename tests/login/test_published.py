"""What anybody may know of this server, and that a look-alike of an API path never gets past the gateway."""

import pytest

from oauth_bench import OAuthBench


def test_the_description_of_the_server_is_for_anybody(bench: OAuthBench) -> None:
    reply = bench.browser().get("/.well-known/oauth-authorization-server")

    assert reply.status_code == 200
    assert reply.json()["token_endpoint"] == f"{reply.json()['issuer']}/login/oauth2/token"


@pytest.mark.parametrize(
    "path",
    [
        "/login//api/v1/accounts",
        "/login/%2e%2e/api/v1/accounts",
        "/login%2fapi",
        "/x\\api",
        "/login/..;/api/v1/accounts",
    ],
)
def test_a_path_that_could_be_cleaned_up_into_the_api_is_refused(bench: OAuthBench, path: str) -> None:
    reply = bench.browser().get(path)

    assert reply.status_code in (400, 401)
    assert "errors" in reply.json()
