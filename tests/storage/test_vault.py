import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.core.credentials import Secret
from keystead.storage.vault import SealBroken, Vault, new_code, new_form_value, new_token

OLD, NEW = "the old master secret, long enough to be one", "the new master secret, long enough to be one"


def test_a_new_master_secret_writes_while_the_old_one_still_reads() -> None:
    before, rotating = Vault([OLD]), Vault([NEW, OLD])
    sealed = before.seal(Secret("s3cret"))

    assert rotating.open(sealed) == Secret("s3cret")
    assert before.tokens.digest("t") in rotating.tokens.digests("t")
    assert rotating.tokens.digest("t") == rotating.tokens.digests("t")[0] != before.tokens.digest("t")


def test_what_was_sealed_opens_with_no_other_master_secret() -> None:
    sealed = Vault([OLD]).seal(Secret("s3cret"))

    with pytest.raises(SealBroken):
        Vault([NEW]).open(sealed)


def test_each_purpose_digests_with_a_key_of_its_own() -> None:
    vault = Vault([OLD])

    assert len({vault.tokens.digest("x"), vault.codes.digest("x"), vault.sessions.digest("x")}) == 3


@settings(max_examples=25)
@given(st.text(max_size=40))
def test_sealing_is_undone_by_opening_and_shows_nothing(text: str) -> None:
    vault = Vault([OLD])

    sealed = vault.seal(Secret(text))

    assert vault.open(sealed).reveal() == text
    assert len(text) < 4 or text.encode() not in sealed


def test_credentials_have_canvas_s_forms_and_never_print() -> None:
    token, code = new_token(), new_code()

    assert len(token.reveal()) == 64
    assert token.reveal().isalnum()
    assert len(code.reveal()) == 128
    assert set(code.reveal()) <= set("0123456789abcdef")
    assert len(new_form_value()) == 48
    assert token.reveal() not in f"{token!r} {token} {[token]} {vars}"
    assert "old master" not in repr(Vault([OLD]))
