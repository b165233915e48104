"""Random facts about calls."""

from hypothesis import strategies as some

from keys_builders import NOW, ROOT, bound, facts, key, token
from keystead.core.actors import UserState
from keystead.core.addresses import read_network
from keystead.core.bindings import BindingState
from keystead.core.decision import CallFacts, Masquerade
from keystead.core.instants import SECOND, Instant
from keystead.core.key_hours import Hours
from keystead.core.key_policies import KeyPolicy
from keystead.core.keys import KeyState, SecurityProfile
from keystead.core.tokens import TokenState

PAST, FUTURE = Instant(NOW - SECOND), Instant(NOW + SECOND)
WEEK = frozenset(range(7))
ALWAYS = Hours(zone="UTC", days=WEEK, opens=0, closes=0)
CLOSED = Hours(zone="UTC", days=frozenset(), opens=0, closes=0)
OFFICE = tuple(network for network in (read_network("203.0.113.0/24"),) if network is not None)
INSIDE, OUTSIDE = "203.0.113.9", "198.51.100.1"


def some_policies() -> some.SearchStrategy[KeyPolicy]:
    return some.builds(
        KeyPolicy,
        account_id=some.just(ROOT),
        ranges=some.sampled_from(((), OFFICE)),
        hours=some.sampled_from((None, ALWAYS, CLOSED, Hours(zone="Europe/Berlin", days=WEEK, opens=540, closes=60))),
        expires_at=some.sampled_from((None, PAST, NOW, FUTURE)),
    )


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
        key_policies=some.just(()) | some.lists(some_policies(), min_size=1, max_size=2).map(tuple),
        address=some.sampled_from((None, INSIDE, OUTSIDE)),
    )
