"""Route templates and the paths that come near them, for properties."""

import json
from importlib.resources import files

from hypothesis import strategies as st

WORDS = ("a", "b", "a.b", "a.b.c", ".", "download", "preview")

_literals = st.sampled_from(WORDS)
_parameters = st.sampled_from((":id", ":name", ":other_id"))
_mixed = st.sampled_from(("a:id", ":id.json", ":id-:name", "v:id.:name", ":id:name", ":id.b", "a.:id"))
_segments = st.one_of(_literals, _literals, _parameters, _parameters, _mixed)
_optional = st.sampled_from(("(/a)", "(/:id)", "(/a/:id)", "(.b)", "(/a(/:id))", "(-:name)", "(/:id.b)"))


@st.composite
def templates(draw: st.DrawFn) -> str:
    """A legal template of up to four segments with text, parameters, mixtures, optional parts and at most one glob."""
    parts = draw(st.lists(st.tuples(_segments, st.one_of(st.just(""), st.just(""), _optional)), max_size=3))
    text = "".join(f"/{segment}{optional}" for segment, optional in parts)
    match draw(st.integers(0, 5)):
        case 0:
            text += "/*rest"
        case 1:
            text += "(/*rest)"
        case 2:
            text = "/*rest" + text
        case 3:
            text += "/"
        case _:
            pass
    return text if text.startswith("/") else "/a" + text


def paths() -> st.SearchStrategy[str]:
    """Paths over few texts, so that they match often; with dots, empty segments and suffixes in every place."""
    pieces = st.sampled_from(("", "a", "b", "a.b", "1", "x-y", "v1", "v1.2", "a-b.b", ".", "..", "preview", "download"))
    segments = st.builds(str.__add__, pieces, st.sampled_from(("", "", "", ".json", ".", ".b", ".b.c")))
    return st.lists(segments, max_size=6).map(lambda parts: "/" + "/".join(parts))


def canvas_entries() -> list[dict[str, object]]:
    """Return what the catalogue's file says of Canvas's scopes."""
    described: list[dict[str, object]] = json.loads(files("keystead.core").joinpath("canvas_scopes.json").read_text())
    return described
