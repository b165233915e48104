"""For which reasons can a judged call be refused? The closed list, each with its public words.

Each reason says what *is* the case. Every one has a test, a row in docs/deny-reasons.md and a reply.
"""

from enum import Enum

INVALID = "Invalid access token."


class Reason(Enum):
    """A reason: stable code, and the words Canvas uses at the wire."""

    NO_CREDENTIALS = ("no_credentials", "user authorization required")
    TOKEN_EXPIRED = ("token_expired", "Expired access token.")
    TOKEN_DELETED = ("token_deleted", "Revoked access token.")
    TOKEN_UNKNOWN = ("token_unknown", INVALID)
    TOKEN_LAPSED = ("token_lapsed", INVALID)
    TOKEN_PENDING = ("token_pending", INVALID)
    TOKEN_EXPOSED = ("token_exposed", INVALID)
    KEY_INACTIVE = ("key_inactive", INVALID)
    KEY_FOREIGN = ("key_foreign", INVALID)
    KEY_OFF = ("key_off", INVALID)
    KEY_TEST_ONLY = ("key_test_only", INVALID)
    KEY_EXPIRED = ("key_expired", INVALID)
    OUTSIDE_HOURS = ("outside_hours", INVALID)
    ADDRESS_NOT_ALLOWED = ("address_not_allowed", INVALID)
    PERSON_INACTIVE = ("person_inactive", INVALID)
    PERSON_STRANGER = ("person_stranger", INVALID)
    MASQUERADE_WITHDRAWN = ("masquerade_withdrawn", INVALID)
    SCOPE_MISSING = ("scope_missing", "Insufficient scopes on access token.")
    MASQUERADE_CHANGED = ("masquerade_changed", "Cannot change masquerade")
    MASQUERADE_REFUSED = ("masquerade_refused", "Invalid as_user_id")

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        self.words = words
