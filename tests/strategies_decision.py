"""Random facts about calls."""

from hypothesis import strategies as some

from keys_builders import NOW, ROOT, bound, facts, key, token
from keystead.core.actors import UserState
from keystead.core.bindings import BindingState
from keystead.core.decision import CallFacts, Masquerade
from keystead.core.instants import SECOND, Instant
from keystead.core.keys import KeyState, SecurityProfile
from keystead.core.tokens import TokenState

PAST, FUTURE = Instant(NOW - SECOND), Instant(NOW + SECOND)


def some_facts() -> some.SearchStrategy[CallFacts]:
    moments = some.sampled_from((None, PAST, NOW, FUTURE))
    masks = some.none() | some.builds(Masquerade, permitted=some.booleans(), unchanged=some.booleans())
    tokens = some.builds(token, state=some.sampled_from(TokenState), lapses_at=moments, expires_at=moments)
    keys = some.builds(
        key,
        state=some.sampled_from(KeyState),
        auto_expire_tokens=some.booleans(),
        require_scopes=some.booleans(),
        allow_includes=some.booleans(),
        profile=some.sampled_from(SecurityProfile),
    )
    binding = some.sampled_from([*BindingState, None]).map(lambda state: bound({ROOT: state}).get(ROOT))
    return some.builds(
        facts,
        token=some.none() | tokens,
        key=some.none() | keys,
        binding=binding,
        key_serves=some.booleans(),
        user_state=some.sampled_from(UserState),
        has_login=some.booleans(),
        covered=some.booleans(),
        exposed=some.booleans(),
        test_cluster_mismatch=some.booleans(),
        minted_by=masks,
        acting_as=masks,
    )
