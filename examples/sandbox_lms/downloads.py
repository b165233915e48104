"""The bytes of a file, for whoever holds the signed address that a reader of the file was given."""

import hashlib
import hmac
import secrets

from starlette.responses import Response

from sandbox_lms.ids import local_id
from sandbox_lms.records import File
from sandbox_lms.refusals import not_found
from sandbox_lms.state import State

_KEY = secrets.token_bytes(32)
LARGEST_MADE_UP = 1 << 20
FILLER = b"Sample content of Larkfield University. "


def download_url(origin: str, file: File) -> str:
    return f"{origin}/files/{file.id}/download?download_frd=1&verifier={_verifier(file.id)}"


def download(state: State, file_id: str, verifier: str) -> Response:
    """Always an attachment of no particular kind: a browser must not run what somebody uploaded."""
    number = local_id(file_id) or 0
    file = state.files.get(number)
    if file is None or not hmac.compare_digest(_verifier(number).encode(), verifier.encode()):
        raise not_found()
    made_up = FILLER * (min(file.size, LARGEST_MADE_UP) // len(FILLER) + 1)
    content = file.content if file.content is not None else made_up[: min(file.size, LARGEST_MADE_UP)]
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Response(content, headers=headers, media_type="application/octet-stream")


def _verifier(file_id: int) -> str:
    return hmac.new(_KEY, str(file_id).encode(), hashlib.sha256).hexdigest()[:40]
