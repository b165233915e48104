"""How full is each client's bucket? Kept in memory that the processes of a node share.

A file of slots, mapped by every process: a name of 16 bytes, a level, and the moment of that level on the machine's
monotonic clock. Nobody locks: two processes that change one slot within the same microsecond may lose one of the two
costs (docs/decisions/0015). What is read torn is bounded before it is used.
"""

import mmap
import os
import struct
import time
from hashlib import blake2b
from pathlib import Path
from typing import Final

from keystead.core.throttle import Limits, drained, raised

SLOTS: Final = 1 << 16
PROBES: Final = 8
_SLOT = struct.Struct("<16sdd")
_NUMBERS = struct.Struct("<dd")
_SIZE: Final = SLOTS * _SLOT.size


def name_of(identity: bytes) -> bytes:
    """Return the name under which a client that has no token is counted, the same in every process."""
    return blake2b(identity, digest_size=16).digest()


class Levels:
    """The buckets of all clients. Without a path they are this process's alone."""

    def __init__(self, path: Path | None = None) -> None:
        self._memory = mmap.mmap(-1, _SIZE) if path is None else _mapped(path)

    def charge(self, name: bytes, cost: float, limits: Limits) -> float | None:
        """Add a cost to a client's level and return what it is then; None, and nothing added, when it is full."""
        now = time.monotonic()
        at = self._place(name, now, limits)
        level = self._level(at, now, limits)
        if level >= limits.refuses_at:
            return None
        level = raised(level, cost, limits)
        _SLOT.pack_into(self._memory, at, name, level, now)
        return level

    def charge_known(self, place: int, name: bytes, cost: float, limits: Limits) -> tuple[int, bool]:
        """Charge a client whose slot was at ``place`` (-1: not known yet); return where it is, and whether it may pass.

        The same as ``charge``, in one piece for those who ask again and again.
        """
        now = time.monotonic()
        if place >= 0:
            stored, level, since = _SLOT.unpack_from(self._memory, place)
            if stored == name and 0.0 <= level <= limits.cap and since <= now:
                level -= (now - since) * limits.drains
                if level < 0.0:
                    level = 0.0
                elif level >= limits.refuses_at:
                    return place, False
                level += cost
                _SLOT.pack_into(self._memory, place, name, level if level < limits.cap else limits.cap, now)
                return place, True
        return self._place(name, now, limits), self.charge(name, cost, limits) is not None

    def settle(self, name: bytes, cost: float, limits: Limits) -> float:
        """Add a cost, or give one back when it is negative, whatever the level; return what it is then."""
        now = time.monotonic()
        at = self._place(name, now, limits)
        level = raised(self._level(at, now, limits), cost, limits)
        _SLOT.pack_into(self._memory, at, name, level, now)
        return level

    def level(self, name: bytes, limits: Limits) -> float:
        """Return a client's level."""
        now = time.monotonic()
        return self._level(self._place(name, now, limits), now, limits)

    def close(self) -> None:
        """Unmap the memory; the file stays for the other processes."""
        self._memory.close()

    def _place(self, name: bytes, now: float, limits: Limits) -> int:
        """Return where the client's slot is. A new client takes over the emptiest place nearby, *with its level*.

        So in a table that was flooded full nobody begins at nothing: neither the flood nor whom it pushed out.
        """
        memory = self._memory
        first = int.from_bytes(name[:4], "little") % SLOTS
        emptiest, lowest = -1, float("inf")
        for probe in range(PROBES):
            at = (first + probe) % SLOTS * _SLOT.size
            if memory[at : at + 16] == name:
                return at
            level = self._level(at, now, limits)
            if level < lowest:
                emptiest, lowest = at, level
        return emptiest

    def _level(self, at: int, now: float, limits: Limits) -> float:
        level, since = _NUMBERS.unpack_from(self._memory, at + 16)
        if not 0.0 <= level <= limits.cap * 2 or since > now + 1.0:
            # Torn, or from before the machine was started anew.
            return 0.0 if not level > 0.0 or since > now + 1.0 else limits.cap
        return drained(level, now - since, limits)


def _mapped(path: Path) -> mmap.mmap:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise PermissionError(f"{path} belongs to somebody else")
        os.ftruncate(descriptor, _SIZE)
        return mmap.mmap(descriptor, _SIZE)
    finally:
        os.close(descriptor)
