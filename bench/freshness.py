"""Does off mean off, over a million decisions? ``python -m bench freshness``

Four processes on the embedded database, sixteen callers, a key that is turned off and on all the while: undisturbed,
and with processes stopped, starved and killed. ``BENCH_DECISIONS`` says how many decisions; a million if it is not set.
"""

import asyncio
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from bench.served import ROOT


def main() -> None:
    """Count decisions, and every yes that came too late."""
    sys.path.insert(0, str(ROOT / "tests"))
    from journeys.switching import Callers, Seen, kill_one, starve, stop_and_go_on, switch_while_calling
    from journeys.workers import Server

    wanted = int(os.environ.get("BENCH_DECISIONS", "1000000"))
    troubles = {
        "undisturbed": (None, wanted * 7 // 10),
        "stopped (SIGSTOP)": (stop_and_go_on, wanted // 10),
        "starved": (lambda _, seen: starve(seen), wanted // 10),
        "killed (SIGKILL)": (kill_one, wanted // 10),
    }
    total = Seen()
    with tempfile.TemporaryDirectory() as home:
        server = Server(home=Path(home), database_url=f"sqlite:///{home}/keystead.db", count=4).start()
        tool = server.key(server.token())
        for name, (trouble, most) in troubles.items():
            tool.switch("on")
            token = tool.exchange(tool.codes(1)[0]).json()["access_token"]
            request = (
                "GET /gateway/check HTTP/1.1\r\nHost: localhost\r\nX-Original-Method: GET\r\n"
                f"X-Original-URI: /api/v1/courses/101\r\nAuthorization: Bearer {token}\r\n\r\n"
            ).encode()
            supervisor = server.process.pid if server.process is not None else 0
            trouble_here = None if trouble is None else partial(trouble, supervisor)
            callers = Callers(server.port, request, Seen(), most=most, seconds=600)
            seen = asyncio.run(switch_while_calling(callers, tool.switch, trouble=trouble_here))
            total.statuses += seen.statuses
            total.late += seen.late
            print(
                f"  {name:<20} {seen.decisions:>9,} decisions, {seen.while_off:>8,} surely while off, "
                f"{seen.switches:>5,} switches, {sum(seen.faults.values()):>4} faults: "
                f"{len(seen.late)} too late   ({dict(seen.statuses)})",
                flush=True,
            )
        server.stop()
    print(f"  {'together':<20} {total.decisions:>9,} decisions: {len(total.late)} too late")


if __name__ == "__main__":
    main()
