"""Whatever stands in the envelope, the answer is a key or a refusal in Canvas's shape, never a fault."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from keys_bench import KeyBench, benches

ATTRIBUTES = (
    "name", "email", "icon_url", "notes", "vendor_code", "redirect_uri", "redirect_uris", "scopes", "require_scopes",
    "allow_includes", "client_credentials_audience", "test_cluster_only", "unified_tool_id", "auto_expire_tokens",
    "visible", "event",
)  # fmt: skip
FLAGS = (
    "trusted", "force_token_reuse", "client_type", "security_profile", "public_jwk", "public_jwk_url",
    "authorized_flows", "service_user_id", "may_introspect", "because",
)  # fmt: skip
some_json = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(max_size=20) | some.sampled_from(["", "true", "0", "x" * 70_000, "https://a.example/", "\x7f"])
    | some.just("\ud83d"),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[KeyBench]:
    yield from benches(tmp_path)


def is_answer(status: int, body: Any) -> bool:
    return status == 200 or (400 <= status < 500 and isinstance(body["errors"], list | dict))


@quick
@given(wanted=some.dictionaries(some.sampled_from(ATTRIBUTES), some_json, min_size=1, max_size=3))
def test_any_value_of_any_attribute_is_taken_or_refused(bench: KeyBench, wanted: dict[str, Any]) -> None:
    made = bench.site("POST", "/api/v1/accounts/2/developer_keys", json={"developer_key": wanted})
    changed = bench.site("PUT", "/api/v1/developer_keys/1", json={"developer_key": wanted | {"event": None}})

    assert is_answer(made.status, made.json)
    assert is_answer(changed.status, changed.json)


@quick
@given(wanted=some.dictionaries(some.sampled_from(FLAGS), some_json, min_size=1, max_size=3))
def test_any_value_of_any_operator_flag_is_taken_or_refused(bench: KeyBench, wanted: dict[str, Any]) -> None:
    changed = bench.site("PATCH", "/api/keystead/v1/developer_keys/1", json=wanted)

    assert is_answer(changed.status, changed.json)


@quick
@given(body=some_json)
def test_any_body_of_a_binding_is_taken_or_refused(bench: KeyBench, body: Any) -> None:
    path = "/api/v1/accounts/2/developer_keys/1/developer_key_account_bindings"

    for sent in (body, {"developer_key_account_binding": body}, {"workflow_state": body}):
        response = bench.site("POST", path, json=sent)
        assert is_answer(min(response.status, 200) if response.status == 201 else response.status, response.json)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"), (b"[]", "application/json"), (b"null", "application/json"),
        (b"", "application/json"),
        (b'{"developer_key": NaN}', "application/json"), (b'{"developer_key":{"name":"\\u0000"}}', "application/json"),
        (b'{"developer_key":{"name":"\\ud800"}}', "application/json"), (b"\xff", "application/json"),
        (b"developer_key[name]=%FF", "application/x-www-form-urlencoded"),
        (b"developer_key=x&developer_key[name]=y", "application/x-www-form-urlencoded"),
        (b"developer_key[name][]=y", "application/x-www-form-urlencoded"), (b"x", "multipart/form-data"),
        (b"--B\r\n", "multipart/form-data; boundary=B"), (b"x", "text/plain"), (b"x", "no type at all"),
        (b"[" * 5000, "application/json"),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_a_bad_request(bench: KeyBench, body: bytes, content_type: str) -> None:
    response = bench.call(
        "POST", "/api/v1/accounts/2/developer_keys", token="s" * 64, body=body, headers={"content-type": content_type}
    )  # fmt: skip

    assert response.status in (400, 415)
    assert response.message
