"""Answers as JSON, with ids as text for clients that ask for them so."""

import json
from collections.abc import Mapping

from starlette.responses import Response

Shape = dict[str, object]
JSON = "application/json; charset=utf-8"


def reply(
    content: object, *, status: int = 200, headers: Mapping[str, str] | None = None, accept: str = ""
) -> Response:
    if "application/json+canvas-string-ids" in accept:
        content = with_text_ids(content)
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, headers={"Content-Type": JSON, "Cache-Control": "no-store", **(headers or {})})


def with_text_ids(content: object) -> object:
    """The same content with every `id`, `*_id` and `*_ids` number as text, at any depth."""
    if isinstance(content, dict):
        return {
            name: _as_text(each) if name == "id" or name.endswith(("_id", "_ids")) else with_text_ids(each)
            for name, each in content.items()
        }
    if isinstance(content, list):
        return [with_text_ids(each) for each in content]
    return content


def _as_text(content: object) -> object:
    if isinstance(content, list):
        return [_as_text(each) for each in content]
    return str(content) if isinstance(content, int) and not isinstance(content, bool) else content
