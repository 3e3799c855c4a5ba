from tightlip.json_schema import property_names


def test_the_properties_of_every_depth_are_named_and_nothing_else_is():
    schema = {
        "title": "Order",
        "properties": {"id": {"type": "integer"}, "lines": {"items": {"$ref": "#/$defs/Line"}}},
        "$defs": {"Line": {"properties": {"price": {"type": "number"}}, "required": ["price"]}},
        "anyOf": [{"properties": {"note": {}}}],
    }

    assert set(property_names(schema)) == {"id", "lines", "price", "note"}


def test_a_schema_without_properties_names_nothing():
    assert list(property_names({"type": "string", "properties": 3})) == []
    assert list(property_names(None)) == []
