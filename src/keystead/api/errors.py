"""How is a refusal answered by our own API? One table from kind to status and body (docs/canvas-compat.md)."""

from typing import Any

from keystead.actions.permits import ForbiddenPlainly
from keystead.api.requests import Answer
from keystead.core.errors import Forbidden, Invalid, Malformed, NotFound, Refused, Unauthenticated
from keystead.core.parameters import InvalidParameter, MalformedParameters
from keystead.gateway.replies import CHALLENGE

CSRF_WORDS = "Invalid Authenticity Token"


class ForgedForm(Refused):
    """A browser session wrote without proving that the page was ours."""

    code = "forged_form"
    default = CSRF_WORDS


class BareList(Refused):
    """As Malformed, but Canvas answers a bare list here (tokens)."""

    code = "malformed"


def answer_to(refused: Exception) -> Answer | None:
    """Return the answer for a refusal, None for anything that is none."""
    match refused:
        case Unauthenticated():
            body = {"status": "unauthenticated", "errors": [{"message": refused.public}]}
            return Answer(body=body, status=401, headers={CHALLENGE[0]: CHALLENGE[1]})
        case ForbiddenPlainly():
            return Answer(body=_one(refused.public), status=403)
        case Forbidden():
            return Answer(body={"status": "unauthorized", **_one(refused.public)}, status=403)
        case NotFound():
            return Answer(body=_one(refused.public), status=404)
        case Invalid():
            return Answer(body={"errors": _by_attribute(refused)}, status=400)
        case ForgedForm():
            return Answer(body=_one(refused.public), status=422)
        case BareList():
            return Answer(body=[{"message": refused.public}], status=400)
        case Malformed():
            return Answer(body=_one(refused.public), status=400)
        case InvalidParameter():
            return Answer(body=_one(refused.words), status=400)
        case MalformedParameters():
            return Answer(body=_one(str(refused)), status=400)
        case _:
            return None


def _one(message: str) -> dict[str, Any]:
    return {"errors": [{"message": message}]}


def _by_attribute(refused: Invalid) -> dict[str, Any]:
    return {
        name: [{"attribute": name, "type": message, "message": message} for message in messages]
        for name, messages in refused.problems.items()
    }
