"""PublicError: declaration, codes, parameters at the raise, copies and families."""

from __future__ import annotations

import pytest

from tightlip.catalog.error import code_of


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("EmailAlreadyExists", "EMAIL_ALREADY_EXISTS"),
        ("HTTPTimeout", "HTTP_TIMEOUT"),
    ],
)
def test_a_code_is_made_from_the_class_name(name, code):
    assert code_of(name) == code
