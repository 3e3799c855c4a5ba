"""Parameters: what may be filled into a declared message."""

from __future__ import annotations

import pytest

from tightlip.catalog.parameter import read_parameter


def test_a_flag_is_no_number():
    with pytest.raises(TypeError, match="takes int, not bool"):
        read_parameter("seats", int).clean(value=True)
