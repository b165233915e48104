import json
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.core.parameters import (
    HEARD,
    InvalidParameter,
    Limits,
    MalformedParameters,
    Tree,
    Value,
    boolean,
    envelope,
    integer,
    mapping,
    pairs,
    parse_form,
    parse_json,
    text,
    text_list,
)

pytestmark = pytest.mark.pure
few = settings(max_examples=20, deadline=None)


@pytest.mark.parametrize(
    ("raw", "tree"),
    [
        (b"", {}),
        (b"a=1", {"a": "1"}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a=b=c", {"a": "b=c"}),
        (b"a", {"a": None}),
        (b"&&a=1&&", {"a": "1"}),
        (b"=1", {}),
        (b"a=1;b=2", {"a": "1;b=2"}),
        (b"a[]=1&a[]=2", {"a": ["1", "2"]}),
        (b"a[b]=1&a[c]=2", {"a": {"b": "1", "c": "2"}}),
        (b"a%5Bb%5D%5B%5D=x+y&a[b][]=%C3%A9", {"a": {"b": ["x y", "é"]}}),
        (b"a[][x]=1&a[][y]=2", {"a": [{"x": "1", "y": "2"}]}),
        (b"a[][x]=1&a[][x]=2&a[][y]=3", {"a": [{"x": "1"}, {"x": "2", "y": "3"}]}),
        (b"a[][x][y]=1&a[][x][z]=2&a[][x][y]=3", {"a": [{"x": {"y": "1", "z": "2"}}, {"x": {"y": "3"}}]}),
        (b"a[][x][]=1&a[][x][]=2", {"a": [{"x": ["1", "2"]}]}),
        (b"a[][]=1", {"a": [["1"]]}),
        (b"a[0]=x", {"a": {"0": "x"}}),
        (
            b"developer_key[name]=n&developer_key[scopes][]=a&developer_key[scopes][]=b",
            {"developer_key": {"name": "n", "scopes": ["a", "b"]}},
        ),
    ],
)
def test_forms_are_grouped_as_rack_groups_them(raw: bytes, tree: Tree) -> None:
    assert parse_form(raw) == tree


@pytest.mark.parametrize(
    "raw",
    [
        b"a=1&a[b]=2",
        b"a[b]=2&a=1",
        b"a[]=1&a[b]=2",
        b"a[b]=1&a[]=2",
        b"a[][x]=1&a[][x][y]=2",
        b"a[b",
        b"a[b]c=1",
        b"a]=1",
        b"[a]=1",
        b"a[[b]]=1",
        b"a=%zz",
        b"a=%4",
        b"%=1",
        b"a=%ff",
        b"\xff=1",
        b"a%00=1",
        b"a=\0",
        b"a" + b"[]" * 33 + b"=1",
        b"&".join([b"a=1"] * 16_385),
    ],
)
def test_a_form_with_two_readings_or_none_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedParameters):
        parse_form(raw)


def test_limits_are_arguments() -> None:
    assert parse_form(b"a=1&b=2", Limits(parameters=2)) == {"a": "1", "b": "2"}
    with pytest.raises(MalformedParameters):
        parse_form(b"a=1&b=2&c=3", Limits(parameters=2))


def test_every_one_of_many_scopes_is_read_quickly() -> None:
    """The obvious library lost 121 of 1,120 scopes at its default limit."""
    scopes = [f"url:GET|/api/v1/courses/:course_id/things_{number}/:id" for number in range(1_120)]
    escaped = [s.replace(":", "%3A").replace("|", "%7C").replace("/", "%2F") for s in scopes]
    raw = "&".join(f"developer_key%5Bscopes%5D%5B%5D={scope}" for scope in escaped).encode()

    took = min(_timed(raw) for _ in range(3))

    assert parse_form(raw) == {"developer_key": {"scopes": scopes}}
    assert took < 0.03


@pytest.mark.parametrize(
    "raw",
    [
        b"&".join(b"key%d=1" % number for number in range(10_000)),
        b"&".join([b"a[][x]=1"] * 10_000),
        b"&".join(b"a[][x%d]=1" % number for number in range(10_000)),
        b"&".join([b"a" + b"[]" * 32 + b"=1"] * 2_000),
        b"a" + b"[" * 200_000,
    ],
)
def test_hostile_forms_cost_no_more_than_their_length(raw: bytes) -> None:
    assert _timed(raw) < 0.5


def _timed(raw: bytes) -> float:
    begun = time.process_time()
    with suppress(MalformedParameters):
        parse_form(raw)
    return time.process_time() - begun


@few
@given(st.binary(max_size=60) | st.text("a[]=&%0;+", max_size=30).map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for read in (parse_form, pairs, parse_json):
        try:
            read(raw)
        except MalformedParameters:
            continue


@few
@given(st.lists(st.binary(max_size=3) | st.integers(0, 255).map(lambda byte: b"%%%02x" % byte), max_size=8))
def test_percent_encoding_is_undone_exactly_once(parts: list[bytes]) -> None:
    raw = b"".join(part if part.startswith(b"%") and len(part) == 3 else part.replace(b"%", b"") for part in parts)
    raw = raw.replace(b"&", b" ")

    try:
        read = pairs(b"v=" + raw)
    except MalformedParameters:
        return

    assert read == [("v", unquote_to_bytes(raw.replace(b"+", b" ")).decode())]


def test_pairs_keep_order_and_repetition() -> None:
    assert pairs(b"scope=a&code=%20x&scope=b+c&flag") == [
        ("scope", "a"),
        ("code", " x"),
        ("scope", "b c"),
        ("flag", ""),
    ]


@pytest.mark.parametrize("raw", [b"a=%zz", b"a=%ff", b"a%00=1", b"a=%00"])
def test_pairs_refuse_what_forms_refuse(raw: bytes) -> None:
    with pytest.raises(MalformedParameters):
        pairs(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"1",
        b"null",
        b"{",
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 41 + b"}",
        b'{"a":' + b"9" * 5_000 + b"}",
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"\\udc00":1}',
        b'{"a":["\\u0000"]}',
        b'{"a":"\0"}',
        b'{"a":/* no */1}',
        b'{"a":' + b"[" * 100 + b"]" * 100 + b"}",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        '{"a":1}'.encode("utf-16"),
    ],
)
def test_json_that_something_behind_would_stumble_over_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedParameters):
        parse_json(raw)


def test_json_is_read_as_a_tree() -> None:
    raw = b' {"developer_key":{"name":"\\ud83d\\ude00 \\\\u0000","scopes":["a"],"visible":true,"x":null,"n":1.5}} '

    assert parse_json(raw) == {
        "developer_key": {"name": "😀 \\u0000", "scopes": ["a"], "visible": True, "x": None, "n": 1.5}
    }
    assert parse_json(b'{"a":"' + b"[" * 500 + b'"}') == {"a": "[" * 500}


@few
@given(
    st.dictionaries(
        st.text("ab\u00e9", min_size=1, max_size=3), st.lists(st.text("xy &=[]%;", max_size=4), min_size=1, max_size=3)
    )
)
def test_forms_and_json_make_the_same_tree(tree: dict[str, list[str]]) -> None:
    form = "&".join(
        "".join(f"%{byte:02x}" for byte in name.encode()) + "[]=" + "".join(f"%{byte:02X}" for byte in value.encode())
        for name, values in tree.items()
        for value in values
    )

    assert parse_form(form.encode()) == parse_json(json.dumps(tree).encode()) == tree


@pytest.mark.parametrize(
    ("value", "read"),
    [
        *[(value, True) for value in (True, "true", "1", 1, "on", "TRUE")],
        *[(value, False) for value in (False, "false", "0", 0, "off", "False")],
        (None, None),
        ("", None),
    ],
)
def test_booleans_of_forms_and_json_are_equal(value: Value, read: bool | None) -> None:
    assert boolean(value, "visible") is read


def test_readers_give_values_of_their_kind() -> None:
    assert [text(value, "n") for value in ("x", 5, 1.5, True, None, "")] == ["x", "5", "1.5", "true", None, ""]
    assert [integer(value, "n") for value in (5, "-7", None, "")] == [5, -7, None, None]
    assert text_list(["a", "", None, 5], "n") == ("a", "5")
    assert text_list([""], "n") == ()
    assert text_list(None, "n") is None
    assert mapping({"a": 1}, "n") == {"a": 1}
    assert envelope({"token": {"purpose": "x"}}, "token") == {"purpose": "x"}


WRONG: list[tuple[Callable[[Value, str], object], list[Value]]] = [
    (text, [[], {}]),
    (boolean, [[], {}, "maybe", 2, 1.0, "on "]),
    (integer, [True, 1.0, "1.0", "٣", [], 2**63, "9" * 19, " 1", "1" * 5_000]),
    (text_list, ["a", {}, [["a"]], [{}], 5]),
    (mapping, ["a", [], 5]),
]


@pytest.mark.parametrize(("reader", "value"), [(reader, value) for reader, values in WRONG for value in values])
def test_a_value_of_another_kind_names_the_parameter(reader: Callable[[Value, str], object], value: Value) -> None:
    with pytest.raises(InvalidParameter) as refused:
        reader(value, "token[purpose]")
    assert refused.value.words.startswith("token[purpose] must be ")


@pytest.mark.parametrize("tree", [{}, {"token": {}}, {"token": None}, {"token": "x"}, {"token": []}])
def test_an_absent_or_empty_envelope_is_missing(tree: Tree) -> None:
    with pytest.raises(InvalidParameter) as refused:
        envelope(tree, "token")
    assert refused.value.words == "token is missing"


def test_the_gateway_listens_to_three_names() -> None:
    assert HEARD == ("access_token", "as_user_id", "_method")
