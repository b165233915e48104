"""Why something cannot be done, in words for the person at the page."""

from dataclasses import dataclass


@dataclass(eq=False)
class TroubleError(Exception):
    """What is the case, and what the person can do about it; `missing` are the scopes to add, if that is what helps.

    `is_end` tells that the token is of no use until something changes at Keystead.
    """

    heading: str
    words: str
    missing: tuple[str, ...] = ()
    is_end: bool = False


def unreachable() -> TroubleError:
    """The service does not answer, or not in a way that can be understood."""
    return TroubleError("Keystead does not answer", "Nothing was changed. Try again in a minute.")


def busy() -> TroubleError:
    """The service throttles."""
    return TroubleError(
        "Keystead asks for a pause",
        "It refused further calls for now, although the checker waited and tried again. Check the courses again later.",
    )


def ended(said: str) -> TroubleError:
    """The access is over: a fresh token did not help, or none was to be had."""
    return TroubleError(
        "The access has ended",
        f"Keystead answered: “{said}” Either the person who granted the access has taken it back, or an administrator "
        "has changed the key or turned it off. Use “Save and grant access” to be granted access again.",
        is_end=True,
    )


def scope_missing(texts: tuple[str, ...]) -> TroubleError:
    """The key lacks scopes."""
    return TroubleError("The key lacks scopes", "Keystead refuses calls that the key has no scope for.", texts)


def denied(error: str, description: str) -> TroubleError:
    """Keystead sent the browser back with an error."""
    words = {
        "access_denied": (
            "You did not grant access",
            "You chose Cancel, so nothing was granted. Use “Save and grant access” when you want to go on.",
        ),
        "unauthorized_client": (
            "The key is off",
            "An administrator turns it on under Developer Keys. Then use “Save and grant access” again.",
        ),
    }
    heading, said = words.get(error, ("Keystead refused", f"It said: “{description or error}”."))
    return TroubleError(heading, said)


def not_exchanged(error: str, description: str) -> TroubleError:
    """The code did not become a token."""
    if error == "invalid_client":
        return TroubleError(
            "The client ID and the secret do not belong together",
            "Copy both again from the key’s details under Developer Keys, and use “Save and grant access” again.",
        )
    return TroubleError(
        "No access was given", f"Keystead said: “{description or error}”. Use “Save and grant access” again."
    )
