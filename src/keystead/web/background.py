"""What does a process do besides answering? It writes what waits, seals, draws notices and takes them out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

from keystead.actions.sealing import seal_audit
from keystead.config import Settings
from keystead.gateway.counting import Calls
from keystead.governance.delivering import Couriers, deliver
from keystead.governance.mail import Mailer
from keystead.governance.noticing import draw_notices
from keystead.governance.policing import act_by_policies
from keystead.governance.suspending import suspend_by_rules
from keystead.governance.webhooks import send_webhook
from keystead.observability.logs import log
from keystead.storage.notices import Notices
from keystead.storage.read.watches import watched_keys
from keystead.storage.refusals import Refusals
from keystead.storage.transaction import Database, StorageUnavailable
from keystead.storage.watch_examples import WatchExamples

FLUSH_EVERY: Final = 1.0
DELIVER_EVERY: Final = 5.0
POLICIES_EVERY: Final = 60.0


class Background:
    """The work of one process. ``telemetry`` are the steps that write what waits in memory, each turn in this order."""

    def __init__(
        self,
        database: Database,
        notices: Notices,
        settings: Settings,
        telemetry: tuple[Callable[[], object], ...],
        *,
        refusals: Refusals,
        calls: Calls | None,
        examples: WatchExamples,
    ) -> None:
        self._database = database
        self._notices = notices
        self._refusals = refusals
        self._calls = calls
        self._examples = examples
        self._couriers = couriers_of(settings)
        self._telemetry = telemetry

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do all of it until the block is left. What fails is logged, and tried again the next time."""
        tasks = [
            asyncio.create_task(_again_and_again(FLUSH_EVERY, self._turn, "usage")),
            asyncio.create_task(_again_and_again(DELIVER_EVERY, self._take_out, "notices")),
            asyncio.create_task(_again_and_again(POLICIES_EVERY, partial(act_by_policies, self._database), "policies")),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _turn(self) -> None:
        for step in self._telemetry:
            step()
        self._watch()
        seal_audit(self._database)
        draw_notices(self._database, self._notices)

    def _watch(self) -> None:
        """Tell who counts calls which keys are watched, and keep the examples that were seen."""
        if self._calls is None:
            return
        with self._database.read() as tx:
            self._calls.watched = watched_keys(tx)
            now = tx.now
        self._examples.write(self._calls.take_examples(), now)

    def _take_out(self) -> None:
        suspend_by_rules(self._database, self._refusals)
        deliver(self._database, self._notices, self._couriers)


def couriers_of(settings: Settings) -> Couriers:
    """Return who carries notices out, by the operator's settings."""
    url = settings.smtp_url
    return Couriers(
        webhook=partial(send_webhook, allows_private=settings.notify_private),
        mail=None if url is None else Mailer(url.get_secret_value(), settings.mail_from),
    )


async def _again_and_again(seconds: float, work: Callable[[], object], name: str) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(work)
        except StorageUnavailable:
            log.error(f"{name}.not_written")
        except Exception:
            log.exception(f"{name}.failed")
