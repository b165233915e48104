"""Which record a path segment means: local, global, `1~N` and the named forms."""

import re

SHARD = 10_000_000_000_000
_NUMBER = re.compile(r"(?:([0-9]{1,9})~)?([0-9]{1,18})", re.ASCII)


def local_id(text: str) -> int | None:
    """The local id, or None when the text is no id of this shard.

    >>> local_id("101"), local_id("10000000000101"), local_id("1~101"), local_id("2~101"), local_id("x")
    (101, 101, 101, None, None)
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    shard, number = found.group(1), int(found.group(2))
    if number >= SHARD:
        shard, number = str(number // SHARD), number % SHARD
    return number if shard is None or int(shard) == 1 else None
