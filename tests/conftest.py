"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# Time is not what a property test is about; what one finds here must be found again there.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
