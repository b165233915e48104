"""How do audit entries hold each other fast? What is digested, and in which form; keys and storage are others'.

Each entry carries a keyed mark over all it says and over a nonce, so nobody without the key can write or change one.
Each seal is a keyed digest over the entry's mark and the seal before it, so none can be removed or moved.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

CONTENT: Final = (
    "at", "action", "subject", "subject_id", "account_id", "user_id", "real_user_id", "key_id", "before", "after",
    "because", "surface", "address", "request_id", "nonce",
)  # fmt: skip
FIRST: Final = b""
"""What stands for the seal before the first one."""


def marked_text(entry: Mapping[str, Any]) -> str:
    """Return what the mark of an entry is taken over: all members of CONTENT, in one unambiguous form."""
    said = {name: entry[name] for name in CONTENT}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def sealed_text(position: int, audit_id: int, mark: bytes, before: bytes) -> str:
    """Return what the seal at a position is taken over. The seal at 0 names the last entry older than the chain."""
    return f"seal {position} {audit_id} {mark.hex()} {before.hex()}"


def head_text(position: int, seal: bytes) -> str:
    """Return what the head is taken over, which tells that no seal is missing at the end."""
    return f"head {position} {seal.hex()}"
