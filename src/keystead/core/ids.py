"""How is a record named in a request, and how in a reply?

Every record has a *local* id and a *global* one: ``shard * 10**13 + local`` (docs/canvas-compat.md, Ids).
This installation is one shard, number 1.
"""

import re
from typing import NewType

AccountId = NewType("AccountId", int)
UserId = NewType("UserId", int)
KeyId = NewType("KeyId", int)
TokenId = NewType("TokenId", int)
RoleId = NewType("RoleId", int)

SHARD = 1
SHARD_STEP = 10_000_000_000_000
_LARGEST = 2**63 - 1
_NUMERIC = re.compile(r"(?:([0-9]{1,19})~)?([0-9]{1,19})", re.ASCII)


def global_id(local: int) -> int:
    """Return the id that names this record across all shards."""
    return SHARD * SHARD_STEP + local


def parse_id(text: str) -> int | None:
    """Return the local id for ``8``, ``10000000000008`` or ``1~8``; None when the text names nothing here.

    Zero, other shards, signs, spaces, other scripts' digits and numbers over 63 bits name nothing.
    """
    found = _NUMERIC.fullmatch(text)
    if found is None:
        return None
    shard, number = found.group(1), int(found.group(2))
    if number > _LARGEST:
        return None
    if shard is not None:
        return number if int(shard) == SHARD and 0 < number < SHARD_STEP else None
    if number >= SHARD_STEP:
        number = number - SHARD * SHARD_STEP if number // SHARD_STEP == SHARD else 0
    return number or None
