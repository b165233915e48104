"""Ways to say no, in Canvas's published error shapes."""

from collections.abc import Mapping


class RefusalError(Exception):
    """Ends the request with this answer."""

    def __init__(self, status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def unauthenticated() -> RefusalError:
    """No believable identity came with the request."""
    body = {"status": "unauthenticated", "errors": [{"message": "user authorization required"}]}
    return RefusalError(401, body, {"WWW-Authenticate": 'Bearer realm="canvas-lms"'})


def not_authorized() -> RefusalError:
    body = {"status": "unauthorized", "errors": [{"message": "user not authorized to perform that action"}]}
    return RefusalError(403, body)


def not_found() -> RefusalError:
    return plain(404, "The specified resource does not exist.")


def missing(name: str) -> RefusalError:
    return plain(400, f"{name} is missing")


def plain(status: int, message: str) -> RefusalError:
    return RefusalError(status, {"errors": [{"message": message}]})


def invalid(problems: Mapping[str, str]) -> RefusalError:
    """Attributes that cannot be saved, with what is wrong with each."""
    errors = {name: [{"attribute": name, "type": text, "message": text}] for name, text in problems.items()}
    return RefusalError(400, {"errors": errors})
