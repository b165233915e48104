"""Passwords are compared at the same price, whether somebody is there or not."""

from keystead.actions.passwords import NOBODY, hash_password, is_password


def test_nobody_costs_what_a_password_costs_that_is_stored_now() -> None:
    stored = hash_password("of the engine")

    assert NOBODY.split("$")[1:4] == stored.split("$")[1:4]
    assert len(NOBODY) == len(stored)
    assert is_password("of the engine", stored)
    assert not is_password("of the engine", None)
    assert not is_password("of the engine", NOBODY)
