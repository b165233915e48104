"""May this client ask for more now? Charged when a call begins, settled when it ends."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from keystead.core.throttle import USUAL, Limits, raised, remaining
from keystead.gateway.facts import Facts
from keystead.gateway.levels import Levels
from keystead.gateway.memory import Known
from keystead.gateway.reading import Reading
from keystead.gateway.replies import Reply
from keystead.observability.metrics import COUNTS

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

REFUSED: Final = b"403 Forbidden (Rate Limit Exceeded)\n"
RETRY_AFTER: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Whose bucket a call fills: that of its token, its browser session, or its address. ``limits`` None: the usual.

    Calls that only a browser session identifies are not told what is left, as in Canvas.
    """

    name: bytes
    limits: Limits | None = None
    is_told: bool = True
    is_strict: bool = False

    @classmethod
    def at(cls, address: str | None, name_of: Callable[[str], bytes]) -> "Client":
        """Return whoever calls from an address. No token has a blank in it, so none is called like an address."""
        return cls(name=name_of(f"address {address or 'unknown'}"))


def client_of(reading: Reading, facts: Facts | None, address: str | None, name_of: Callable[[str], bytes]) -> Client:
    """Return whose bucket a call fills: that of a token that exists, its address's where none stood outside the body.

    Tokens that nobody was given count by their address as well: whoever guesses would have a new bucket at each guess.
    """
    credential = reading.call.credential
    if credential is None or reading.token_in_body or facts is None or facts.token is None:
        return Client.at(address, name_of)
    return Client(
        name=name_of(credential.reveal()),
        limits=facts.limits,
        is_strict=facts.key is not None and facts.key.is_strict,
    )


class Throttle:
    """The throttle of one node. ``usual`` are the limits of keys and accounts that have none of their own.

    ``nodes`` is among how many nodes a client's calls are spread: each enforces its share.
    """

    def __init__(
        self, levels: Levels, *, is_on: bool, usual: Limits = USUAL, nodes: int = 1, flat_cost: float, status: int
    ) -> None:
        self._levels = levels
        self._is_on = is_on
        self._usual = usual.share_of(nodes)
        self._nodes = nodes
        self._flat_cost = flat_cost
        self._status = status
        self._shares: dict[int, tuple[Limits, Limits]] = {}

    def begin(self, client: Client) -> "Toll | Reply":
        """Charge a call that begins; return what settles it, or the refusal."""
        limits = self._limits(client.limits)
        upfront = self._levels.charge(client.name, limits.upfront, limits) if self._is_on else 0.0
        if upfront is None:
            return self._refusal(client)
        return Toll(self._levels if self._is_on else None, client, limits, upfront)

    def passes(self, known: Known) -> bool:
        """Charge a call of a remembered credential whose end will not be seen; tell whether it may pass."""
        if not self._is_on:
            return True
        own = known.facts.limits
        limits = self._usual if own is None else self._limits(own)
        known.place, may_pass = self._levels.charge_known(known.place, known.name, self._flat_cost, limits)
        return may_pass

    def refuses(self, client: Client) -> Reply | None:
        """Charge a call whose end will not be seen; return the refusal when it may not pass."""
        if not self._is_on:
            return None
        charged = self._levels.charge(client.name, self._flat_cost, self._limits(client.limits))
        return self._refusal(client) if charged is None else None

    def close(self) -> None:
        """Give the levels back."""
        self._levels.close()

    def _refusal(self, client: Client) -> Reply:
        COUNTS.throttled += 1
        status = 429 if client.is_strict else self._status
        headers = (("x-rate-limit-remaining", "0.0"),) if client.is_told else ()
        if status == 429:
            headers = (*headers, ("retry-after", str(RETRY_AFTER)))
        return Reply(status=status, body=REFUSED, headers=headers, content_type="text/plain")

    def _limits(self, own: Limits | None) -> Limits:
        if own is None:
            return self._usual
        if self._nodes == 1:
            return own
        kept = self._shares.get(id(own))
        if kept is None or kept[0] is not own:
            if len(self._shares) > 1024:
                self._shares.clear()
            kept = self._shares[id(own)] = (own, own.share_of(self._nodes))
        return kept[1]


def unthrottled() -> Throttle:
    """Return a throttle that lets everything pass and tells nothing."""
    return Throttle(Levels(), is_on=False, flat_cost=0.0, status=403)


class Toll:
    """What one call under way is charged with, ``upfront``. ``settle`` must come at its end, however it ends."""

    __slots__ = ("_began", "_client", "_levels", "_limits", "_paid", "_upfront")

    def __init__(self, levels: Levels | None, client: Client, limits: Limits, upfront: float) -> None:
        self._levels = levels
        self._client = client
        self._limits = limits
        self._upfront = upfront
        self._began = time.perf_counter()
        self._paid = 0.0

    def sending(self, send: Send) -> Send:
        """Return a ``send`` that tells the caller the cost and what is left, on the head of the answer.

        The cost is known only then, and only for the time up to the head: that is what a call costs here.
        """
        if self._levels is None:
            return send
        levels, client, limits = self._levels, self._client, self._limits

        async def telling(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._paid = time.perf_counter() - self._began
                if client.is_told:
                    level = raised(levels.level(client.name, limits), self._paid - self._upfront, limits)
                    left = remaining(level, limits)
                    told = [
                        (b"x-request-cost", f"{self._paid:.6f}".encode()),
                        (b"x-rate-limit-remaining", f"{left:.6f}".encode()),
                    ]
                    message = {**message, "headers": [*message["headers"], *told]}
            await send(message)

        return telling

    def settle(self) -> None:
        """Give the charge for a call under way back, and take what it cost instead."""
        if self._levels is not None:
            cost = self._paid or time.perf_counter() - self._began
            self._levels.settle(self._client.name, cost - self._upfront, self._limits)
