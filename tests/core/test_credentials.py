import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.core.credentials import Digester, Secret, same

pytestmark = pytest.mark.pure


def test_a_secret_prints_as_its_hint_only() -> None:
    secret = Secret("abcdefghijklmnopqrstuvwxyz0123456789")

    assert f"{secret}|{secret!r}|{[secret]}" == "Secret(abcde...)|Secret(abcde...)|[Secret(abcde...)]"


def test_a_short_secret_prints_nothing_of_itself() -> None:
    assert repr(Secret("hunter2")) == "Secret(...)"


@given(st.text(), st.text())
def test_secrets_are_the_same_when_their_text_is(left: str, right: str) -> None:
    assert same(left, right) is (left == right)
    assert (Secret(left) == Secret(right)) is (left == right)


@given(st.text(max_size=80))
def test_a_digest_is_the_keyed_hash_of_the_whole_credential(credential: str) -> None:
    octets = credential.encode("utf-8", "surrogatepass")

    found = Digester([b"new", b"old"]).digests(credential)

    assert found == tuple(hmac.new(key, octets, hashlib.sha256).digest() for key in (b"new", b"old"))
    assert Digester([b"new", b"old"]).digest(credential) == found[0]


def test_a_digester_without_a_key_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        Digester([])
