"""Is a secret replaced without an outage, seen to be used, and ended?"""

import re

import pytest

from console.test_key_pages import admin, keys, send, stored, words
from keystead.core.ids import global_id
from oauth_bench import INVALID, NORTH, SOUTH, Browser, Client, OAuthBench, refused

__all__ = ["admin", "keys"]

SECRET = re.compile(r'<code class="secret"[^>]*>([^<]*)</code>')


def with_secret(client: Client, secret: str) -> Client:
    """Return the client as one that knows this secret."""
    return Client(id=client.id, secret=secret)


def replaced(admin: Browser, address: str, overlap: str) -> str:
    """Replace a secret on its page; return the new one."""
    answer = send(admin, address, address, ("do", "replace"), ("overlap", overlap), ("because", "yearly"))
    found = SECRET.search(answer.text)
    assert found is not None, answer.text
    assert "content-encoding" not in answer.headers
    return found.group(1)


def test_both_secrets_work_until_the_time_is_over(bench: OAuthBench, admin: Browser, keys: str) -> None:
    old = bench.key(name="Rotated")
    token = bench.issued(old)["access_token"]
    address = f"{keys}/{old.id}/secrets"

    new = with_secret(old, replaced(admin, address, "24"))
    by_old, by_new = bench.issued(old), bench.issued(new)
    page = words(admin.get(address))
    still = bench.call(token).status_code
    bench.clock.pass_seconds(24 * 3600 - 1)
    last = bench.exchange(old, bench.code(old)).status_code
    bench.clock.pass_seconds(2)
    after = bench.exchange(old, bench.code(old))

    assert new.secret != old.secret
    assert by_old["access_token"]
    assert by_new["access_token"]
    assert "Former secret works until" in page
    assert "Former secret last used Never" not in page
    assert still == 200
    assert last == 200
    refused(after, 401, INVALID)
    assert bench.exchange(new, bench.code(new)).status_code == 200
    (entry,) = bench.audited("key.secret_replaced")
    assert (entry.because, entry.before) == ("yearly", None)
    assert old.secret not in str(entry.after)
    assert new.secret not in str(entry.after)


def test_the_former_secret_can_be_ended_early(bench: OAuthBench, admin: Browser, keys: str) -> None:
    old = bench.key(name="Ended")
    address = f"{keys}/{old.id}/secrets"
    new = with_secret(old, replaced(admin, address, "168"))

    send(admin, address, address, ("do", "end"))

    refused(bench.exchange(old, bench.code(old)), 401, INVALID)
    assert bench.exchange(new, bench.code(new)).status_code == 200
    assert "Former secret works until" not in words(admin.get(address))


def test_replacing_twice_leaves_only_the_last_two(bench: OAuthBench, admin: Browser, keys: str) -> None:
    first = bench.key(name="Twice")
    address = f"{keys}/{first.id}/secrets"
    second = with_secret(first, replaced(admin, address, "24"))
    third = with_secret(first, replaced(admin, address, "24"))

    refused(bench.exchange(first, bench.code(first)), 401, INVALID)
    assert bench.exchange(second, bench.code(first)).status_code == 200
    assert bench.exchange(third, bench.code(first)).status_code == 200


def test_a_leaked_secret_ends_at_once_with_every_token(bench: OAuthBench, admin: Browser, keys: str) -> None:
    old = bench.key(name="Leaked")
    token = bench.issued(old)["access_token"]
    address = f"{keys}/{old.id}/secrets"
    replaced(admin, address, "24")

    answer = send(admin, address, address, ("do", "leaked"))

    assert SECRET.search(answer.text) is not None
    refused(bench.exchange(old, bench.code(old)), 401, INVALID)
    assert bench.call(token).status_code == 401
    assert bench.audited("key.secret_rotated")[0].after == {"tokens_ended": 1}


@pytest.mark.parametrize("sent", [{"do": "replace", "overlap": "100000"}, {"do": "replace"}, {"do": "x"}, {}])
def test_an_odd_form_changes_nothing(bench: OAuthBench, admin: Browser, keys: str, sent: dict[str, str]) -> None:
    key = bench.key(name="Odd")
    address = f"{keys}/{key.id}/secrets"

    answer = send(admin, address, address, *sent.items())

    assert answer.status_code == 400
    assert stored(bench, key.id).secret.reveal() == key.secret


def test_the_same_is_to_be_had_over_the_api_by_whoever_manages_keys(
    bench: OAuthBench, admin: Browser, keys: str
) -> None:
    key = bench.key(name="By API")
    theirs = bench.key(owner=SOUTH, on=SOUTH)
    base = f"/api/keystead/v1/accounts/{bench.accounts[NORTH]}/keys"
    csrf = {"X-CSRF-Token": next(cookie.value or "" for cookie in admin.http.cookies.jar if "csrf" in cookie.name)}

    made = admin.request("POST", f"{base}/{key.id}/secret", json={"overlap_hours": 2}, headers=csrf)
    told = admin.get(f"{base}/{key.id}/secret").json()
    bench.issued(key)
    used = admin.get(f"{base}/{key.id}/secret").json()
    ended = admin.request("DELETE", f"{base}/{key.id}/secret/former", headers=csrf)
    wrong = admin.request("POST", f"{base}/{key.id}/secret", json={"overlap_hours": -1}, headers=csrf)
    foreign = [
        admin.request("POST", f"{base}/{theirs.id}/secret", json={}, headers=csrf).status_code,
        admin.get(f"{base}/{theirs.id}/secret").status_code,
        admin.get(f"/api/keystead/v1/accounts/{bench.accounts[SOUTH]}/keys/{theirs.id}/secret").status_code,
    ]

    assert made.status_code == 200
    assert len(made.json()["api_key"]) == 64
    assert "api_key" not in told
    assert (told["key_id"], told["age_days"], told["former_last_used_at"]) == (global_id(key.id), 0, None)
    assert told["former_works_until"] is not None
    assert used["former_last_used_at"] is not None
    assert ended.json()["former_works_until"] is None
    assert wrong.status_code == 400
    assert set(foreign) <= {401, 403, 404}
    refused(bench.exchange(key, bench.code(key)), 401, INVALID)
