"""What does the body of a call say, and what of it may pass?"""

from keystead.gateway.bodies.inspection import LIMIT, Inspected, inspect
from keystead.gateway.bodies.refusals import BodyRefused, BodyTooLarge, LateParameter, MalformedBody, UnsupportedBody

__all__ = [
    "LIMIT",
    "BodyRefused",
    "BodyTooLarge",
    "Inspected",
    "LateParameter",
    "MalformedBody",
    "UnsupportedBody",
    "inspect",
]
