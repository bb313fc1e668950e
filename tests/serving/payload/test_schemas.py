"""Schemas put together."""

from ekiben.serving.payload.schemas import JsonSchema, gather_definitions


def schema(price: str) -> JsonSchema:
    definition = {"type": "object", "properties": {"price": {"type": price}, "next": {"$ref": "#/$defs/Item"}}}
    return {"type": "array", "items": {"$ref": "#/$defs/Item"}, "$defs": {"Item": definition}}


def test_definitions_move_and_references_follow() -> None:
    gathered: JsonSchema = {}
    assert gather_definitions(schema("number"), gathered, "a", "#/x/") == {
        "type": "array",
        "items": {"$ref": "#/x/Item"},
    }
    assert gathered["Item"] == {
        "type": "object",
        "properties": {"price": {"type": "number"}, "next": {"$ref": "#/x/Item"}},
    }


def test_equal_definitions_are_one_and_others_are_renamed() -> None:
    gathered: JsonSchema = {}
    gather_definitions(schema("number"), gathered, "a")
    gather_definitions(schema("number"), gathered, "b")
    renamed = gather_definitions(schema("string"), gathered, "c")
    assert list(gathered) == ["Item", "c_Item"]
    assert renamed["items"] == {"$ref": "#/$defs/c_Item"}
    assert "#/$defs/c_Item" in str(gathered["c_Item"])


def test_a_reference_at_the_top_follows_too() -> None:
    top = {**schema("number"), "$ref": "#/$defs/Item"}
    assert gather_definitions(top, {}, "a", "#/x/")["$ref"] == "#/x/Item"
