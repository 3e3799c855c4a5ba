"""What looks at the entries of the corpus, a file at a time."""

from __future__ import annotations

import pytest


def pytest_generate_tests(metafunc):
    if "each" in metafunc.fixturenames:
        metafunc.parametrize("each", metafunc.module.FILES, indirect=True)


@pytest.fixture
def each(request):
    """Check each entry of a file of the module's; a failure names the entry."""

    def run(check):
        for entry in request.module.FILES[request.param]:
            try:
                check(entry)
            except Exception as error:
                error.add_note(f"in the entry {entry['id']}")
                raise

    return run
