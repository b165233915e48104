"""Limits of the throttle in the requests of Site Admin's administrators."""

from keystead.core.errors import Malformed
from keystead.core.parameters import Value
from keystead.core.throttle import Limits, read_limits


def read_throttle(value: Value) -> Limits | None:
    """Return the limits asked for; null and blank mean the usual ones. Raises Malformed with what is wrong."""
    if value is None or value == "":
        return None
    if not isinstance(value, dict):
        raise Malformed("throttle must be an object or null")
    try:
        return read_limits({name: _number(given) for name, given in value.items()})
    except ValueError as wrong:
        raise Malformed(str(wrong)) from None


def _number(given: Value) -> object:
    if isinstance(given, str):
        try:
            return float(given)
        except ValueError:
            return given
    return given
