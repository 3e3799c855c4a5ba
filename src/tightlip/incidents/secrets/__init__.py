"""Where secrets stand in a text: one module a kind of place."""
