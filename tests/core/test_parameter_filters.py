import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.core.parameters import (
    HeardParameters,
    MalformedParameters,
    Value,
    filter_json,
    filter_query,
    pairs,
    parse_json,
    read_json_members,
    read_query,
)

pytestmark = pytest.mark.pure
few = settings(max_examples=25, deadline=None)


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        (b"", b""),
        (b"a=1", b"a=1"),
        (b"access_token=t", b""),
        (b"a=1&access_token=t&b=%7e+%zz", b"a=1&b=%7e+%zz"),
        (b"access_token=t&a=1", b"a=1"),
        (b"access%5ftoken=t&a&&b=&", b"a&&b=&"),
        (b"access_token[]=t&as_user_id[x]=5&_method%5B%5D=PUT&a", b"a"),
        (b"ACCESS_TOKEN=t&[as_user_id]=5&a", b"a"),
        (b" access_token=t&+_method=PUT&a", b"a"),
        (
            b"access_tokens=t&my_access_token=u&x[access_token]=v",
            b"access_tokens=t&my_access_token=u&x[access_token]=v",
        ),
        (b"include[]=email", b"include[]=email"),
        (b"a=1;include[]=email", b"a=1;include[]=email"),
    ],
)
def test_dropped_names_go_and_the_rest_stays_byte_for_byte(raw: bytes, left: bytes) -> None:
    assert filter_query(raw, strip_includes=False) == left


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        (b"include[]=uuid", b"include[]=uuid"),
        (b"a=%2f&include[]=email&include%5B%5D=uuid&b", b"a=%2f&include%5B%5D=uuid&b"),
        *[
            (name + b"&a=1", b"a=1")
            for name in (
                b"include[]=email",
                b"include=email",
                b"include=uuid",
                b"includes[]=email",
                b"include",
                b"include[]",
                b"INCLUDE[]=email",
                b"include%5B%5D=email",
                b"%69nclude[]=email",
                b"include[0]=uuid",
                b"include[a][]=uuid",
                b"include[][]=uuid",
                b"include[][a]=uuid",
                b"include]=email",
                b"[include][]=uuid",
                b"include[=email",
                b"include [] =email",
                b" include[]=email",
                b"include[]=uuid%00",
                b"include[]=uuid ",
                b"include[]=UUID",
                b"include[]=%ff",
                b"include[]=%zz",
            )
        ],
        (b"user[include][]=x&included=y&includes_all=1", b"user[include][]=x&included=y&includes_all=1"),
        (b"INCLUDES[]=uuid&includes[]=uuid", b"INCLUDES[]=uuid&includes[]=uuid"),
        (b"q=a%3Binclude=x", b"q=a%3Binclude=x"),
        (b"style=color:red;width:1px", b"style=color:red;width:1px"),
        (b"include%255B%255D=x", b"include%255B%255D=x"),
    ],
)
def test_includes_are_reduced_to_the_allowed_entry(raw: bytes, left: bytes) -> None:
    assert filter_query(raw, strip_includes=True) == left


@pytest.mark.parametrize(
    "raw",
    [
        b"a=1;include[]=email",
        b"a=1;access_token=t",
        b"a;%69nclude=x",
        b"include;a=1",
        b"include[]=uuid;include[]=email",
        b"a=1; include%5B%5D=email",
        b"a;_method",
        b"%zz=1",
        b"incl%00ude=1",
        b"\xff=1",
        b"&".join([b"a"] * 16_385),
    ],
)
def test_a_query_that_others_read_differently_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedParameters):
        filter_query(raw, strip_includes=True)


def test_what_is_taken_out_is_heard() -> None:
    raw = b"access_token=a&x=%zz&access_token=b+c&as_user_id=5&as_user_id[x]=6&_method=put&_METHOD=&as_user_id"

    assert read_query(raw) == HeardParameters(
        access_tokens=("a", "b c"), as_user_ids=("5", "6", ""), method_overrides=("put", "")
    )


@pytest.mark.parametrize("raw", [b"a;access_token=t", b"access_token=%ff", b"access_token=%00", b"_method=%"])
def test_unreadable_words_to_the_gateway_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedParameters):
        read_query(raw)


names = st.sampled_from(
    ["a", "b[]", "é", "access_token", "access_token[]", "include", "include[]", "Includes[x]", "_method"]
)
values = st.sampled_from(["", "uuid", "email", "x&y=z;", "%"])
removed = {"access_token", "access_token[]", "_method"}


@few
@given(st.lists(st.tuples(names, values), max_size=8), st.booleans())
def test_filtering_is_reading_without_the_names(given_pairs: list[tuple[str, str]], strip: bool) -> None:
    raw = "&".join(f"{quote(name, safe='[]')}={quote(value)}" for name, value in given_pairs).encode()

    left = filter_query(raw, strip_includes=strip)

    def stays(name: str, value: str) -> bool:
        if name in removed:
            return False
        return not strip or not name.lower().startswith("include") or (name, value) == ("include[]", "uuid")

    assert [pair for pair in pairs(left) if pair != ("", "")] == [pair for pair in given_pairs if stays(*pair)]
    assert filter_query(left, strip_includes=strip) == left
    assert set(left.split(b"&")) - {b""} <= set(raw.split(b"&"))


@few
@given(st.text("include[]&=;%5Bd+ \0é", max_size=40).map(str.encode) | st.binary(max_size=40))
def test_any_bytes_are_filtered_or_refused(raw: bytes) -> None:
    for act in (
        read_query,
        lambda b: filter_query(b, strip_includes=True),
        lambda b: filter_json(b, strip_includes=True),
    ):
        try:
            act(raw)
        except MalformedParameters:
            continue


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        (b"{}", b"{}"),
        (b" { } ", b" { } "),
        (b"[1, 2]", b"[1, 2]"),
        (b'["include"]', b'["include"]'),
        (b'"include"', b'"include"'),
        (b'{"a": 1e999, "b" : [ ]}\n', b'{"a": 1e999, "b" : [ ]}\n'),
        (b'{"access_token":"t"}', b"{}"),
        (b'{ "access_token" : "t" , "a": 1 }', b'{ "a": 1 }'),
        (b'{ "a": 1, "access_token" : "t" }', b'{ "a": 1}'),
        (b'{"a":1,"access_token":"t","b":2}', b'{"a":1,"b":2}'),
        (b'{"access_token":1,"access_token":[{"x":"},{"}]}', b"{}"),
        (b'{"\\u0061ccess_token":"t","a":"\\u0061"}', b'{"a":"\\u0061"}'),
        (b'{"as_user_id":5,"_method":"PUT","x":{"access_token":1}}', b'{"x":{"access_token":1}}'),
        (b'{"include":["uuid"], "a":1}', b'{"include":["uuid"], "a":1}'),
        (b'{"include": ["email", "uuid"], "a":1}', b'{"include": ["uuid"], "a":1}'),
        (b'{"include":["email"],"INCLUDES":[5,null,["uuid"]]}', b'{"include":[],"INCLUDES":[]}'),
        (b'{"a":1,"include":"uuid"}', b'{"a":1}'),
        (b'{"include[]":["uuid"],"includes":{"0":"uuid"},"a":1}', b'{"a":1}'),
        (b'{"inc\\u006Cude":"email","a":"\\",include"}', b'{"a":"\\",include"}'),
        (b'{"include":[' + b"9" * 5_000 + b"]}", b'{"include":[]}'),
        (b'{"user":{"include":["email"]}}', b'{"user":{"include":["email"]}}'),
    ],
)
def test_json_members_go_and_the_rest_stays_byte_for_byte(raw: bytes, left: bytes) -> None:
    assert filter_json(raw, strip_includes=True) == left


def test_json_includes_stay_when_they_are_allowed() -> None:
    raw = b'{"include":["email"],"access_token":"t"}'

    assert filter_json(raw, strip_includes=False) == b'{"include":["email"]}'


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b'{"a":1 "b":2}', b"\xef\xbb\xbf{}", '{"include":["email"]}'.encode("utf-16-le"), b"{'include':1}"],
)
def test_json_that_another_reader_could_accept_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedParameters):
        filter_json(raw, strip_includes=True)


def test_every_json_member_of_a_name_is_read() -> None:
    raw = b'{"as_user_id":5,"x":{"as_user_id":6},"\\u0061s_user_id":null,"access_token":"t"}'

    assert read_json_members(raw, ("as_user_id", "access_token")) == {"as_user_id": ["5", None], "access_token": ["t"]}
    assert read_json_members(b"[]", ("a",)) == {"a": []}


def test_the_size_of_a_number_is_not_the_gateways_business() -> None:
    raw = b'{"as_user_id":' + b"9" * 5_000 + b"}"

    assert read_json_members(raw)["as_user_id"] == ["9" * 5_000]


plain: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('a"\\{}[],:é\n', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab"\\', max_size=3), inner, max_size=3),
    max_leaves=6,
)
members = st.sampled_from(["a", "b", 'q"', "access_token", "_method", "as_user_id", "include", "includes"])


@few
@given(st.dictionaries(members, plain, max_size=6), st.booleans(), st.sampled_from([None, 1]), st.booleans())
def test_filtered_json_is_the_original_without_the_members(
    tree: dict[str, Value], ascii_only: bool, indent: int | None, strip: bool
) -> None:
    raw = json.dumps(tree, ensure_ascii=ascii_only, indent=indent).encode()

    left = parse_json(filter_json(raw, strip_includes=strip))

    expected: dict[str, Value] = {}
    for name, value in tree.items():
        if name in ("access_token", "_method", "as_user_id"):
            continue
        if strip and name in ("include", "includes"):
            if isinstance(value, list):
                expected[name] = [entry for entry in value if entry == "uuid"]
            continue
        expected[name] = value
    assert left == expected
