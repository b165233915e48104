"""How full is each client's bucket? Kept in memory that the processes of a node share.

A file of slots, mapped by every process: a name of 16 bytes, a level, and the moment of that level on the machine's
monotonic clock. Nobody locks: two processes that change one slot within the same microsecond may lose one of the two
costs (docs/decisions/0015). What is read torn is bounded before it is used. Whose place is taken over is found by the
same measure for everybody, never by the newcomer's own limits.
"""

import mmap
import os
import stat
import struct
import time
from pathlib import Path
from typing import Final

from keystead.core.throttle import USUAL, Limits, drained, raised

SLOTS: Final = 1 << 16
PROBES: Final = 8
_SLOT = struct.Struct("<16sdd")
_NUMBERS = struct.Struct("<dd")
_SIZE: Final = SLOTS * _SLOT.size


class Levels:
    """The buckets of all clients. Without a path they are this process's alone.

    ``is_private``: nobody else may write in the file's folder, which is made if need be. ``measure``: by which limits
    the levels of others are compared. Raises OSError for a file or a folder that is not to be trusted.
    """

    def __init__(self, path: Path | None = None, *, is_private: bool = False, measure: Limits = USUAL) -> None:
        self._memory = mmap.mmap(-1, _SIZE) if path is None else _mapped(path, is_private=is_private)
        self._measure = measure

    def charge(self, name: bytes, cost: float, limits: Limits) -> float | None:
        """Add a cost to a client's level; return how much was added, None (and nothing added) when it is full."""
        now = time.monotonic()
        at = self._place(name, now)
        level = self._level(at, now, limits)
        if level >= limits.refuses_at:
            return None
        full = raised(level, cost, limits)
        _SLOT.pack_into(self._memory, at, name, full, now)
        return full - level

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
        return self._place(name, now), self.charge(name, cost, limits) is not None

    def settle(self, name: bytes, cost: float, limits: Limits) -> float:
        """Add a cost, or give one back when it is negative, whatever the level; return what it is then."""
        now = time.monotonic()
        at = self._place(name, now)
        level = raised(self._level(at, now, limits), cost, limits)
        _SLOT.pack_into(self._memory, at, name, level, now)
        return level

    def level(self, name: bytes, limits: Limits) -> float:
        """Return a client's level."""
        now = time.monotonic()
        return self._level(self._place(name, now), now, limits)

    def close(self) -> None:
        """Unmap the memory; the file stays for the other processes."""
        self._memory.close()

    def _place(self, name: bytes, now: float) -> int:
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
            level = self._level(at, now, self._measure)
            if level < lowest:
                emptiest, lowest = at, level
        _SLOT.pack_into(memory, emptiest, name, lowest, now)
        return emptiest

    def _level(self, at: int, now: float, limits: Limits) -> float:
        level, since = _NUMBERS.unpack_from(self._memory, at + 16)
        if not 0.0 <= level <= limits.cap * 2 or since > now + 1.0:
            # Torn, or from before the machine was started anew.
            return 0.0 if not level > 0.0 or since > now + 1.0 else limits.cap
        return drained(level, now - since, limits)


def _mapped(path: Path, *, is_private: bool) -> mmap.mmap:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (os.O_NOFOLLOW if is_private else 0))
    try:
        found = os.fstat(folder)
        if is_private and (found.st_uid != os.geteuid() or found.st_mode & 0o077):
            raise PermissionError(f"{path.parent} is not ours alone")
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path.name, flags, 0o600, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid() or not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise PermissionError(f"{path} is not a file of ours")
        if found.st_size not in (0, _SIZE):
            raise PermissionError(f"{path} holds something else")
        os.fchmod(descriptor, 0o600)
        os.ftruncate(descriptor, _SIZE)
        return mmap.mmap(descriptor, _SIZE)
    finally:
        os.close(descriptor)
