"""What did the caller send? Query strings, forms and JSON: read into one tree, or filtered byte for byte."""

from keystead.core.parameters.form import pairs, parse_form, plain_text, tree_of
from keystead.core.parameters.json_text import filter_json, parse_json, read_json_members
from keystead.core.parameters.names import HEARD, INCLUDES, base_name, is_removed, watched_names
from keystead.core.parameters.query import HeardParameters, filter_query, read_query
from keystead.core.parameters.reading import boolean, envelope, integer, mapping, text, text_list
from keystead.core.parameters.values import LIMITS, InvalidParameter, Limits, MalformedParameters, Tree, Value

__all__ = [
    "HEARD",
    "INCLUDES",
    "LIMITS",
    "HeardParameters",
    "InvalidParameter",
    "Limits",
    "MalformedParameters",
    "Tree",
    "Value",
    "base_name",
    "boolean",
    "envelope",
    "filter_json",
    "filter_query",
    "integer",
    "is_removed",
    "mapping",
    "pairs",
    "parse_form",
    "parse_json",
    "plain_text",
    "read_json_members",
    "read_query",
    "text",
    "text_list",
    "tree_of",
    "watched_names",
]
