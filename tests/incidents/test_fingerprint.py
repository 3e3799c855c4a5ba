from __future__ import annotations

import re

import pytest

from tightlip.exchange import Request
from tightlip.failure import Withheld

SOURCE = """
def handler(order, amount):
    return service(order, amount)

def service(order, amount):
    if amount > 1000:
        raise OverflowError("too much: %s" % amount)  # a note
    if amount < 0:
        raise ValueError("no such order: %s" % order)
    if amount == 0:
        raise ValueError("nothing to do")
    return deep(amount, amount)

def other(order, amount):
    return service(order, amount)

def deep(number, amount):
    return deeper(number, amount)

def deeper(number, amount):
    if number:
        return deep(number - 1, amount)
    raise KeyError(amount)

def chained(order, amount):
    try:
        return service(order, amount)
    except ValueError as error:
        raise RuntimeError("wrapped") from error

def cut_off(order, amount):
    try:
        return service(order, amount)
    except Exception:
        raise RuntimeError("wrapped") from None
"""


@pytest.fixture
def fingerprint(record, raised, tmp_path):
    count = 0

    def of(
        entry="handler", order=1, amount=-1, *, source=SOURCE, layers=0, layer="step", written=True
    ):
        nonlocal count
        count += 1
        file = tmp_path / f"deployed-{count}" / "shop.py"
        file.parent.mkdir()
        if written:
            file.write_text(source)
        scope = {"__name__": "shop"}
        exec(compile(source, str(file), "exec"), scope)
        call = scope[entry]
        for _ in range(layers):  # a framework's frames around the handler
            library = {"__name__": "framework", "call": call}
            exec(
                compile(
                    f"def {layer}(order, amount):\n    return call(order, amount)\n",
                    "/lib/f.py",
                    "exec",
                ),
                library,
            )
            call = library[layer]
        error = raised(lambda: call(order, amount))
        return record(error, own=str(tmp_path)).fingerprint

    return of


def test_a_fingerprint_carries_its_version(fingerprint):
    assert re.fullmatch(r"v2:[0-9a-f]{16}", fingerprint())


def test_other_values_do_not_change_it(fingerprint):
    assert fingerprint(order=1, amount=-1) == fingerprint(order="x" * 99, amount=-2)


def test_lines_that_moved_and_another_directory_do_not_change_it(fingerprint):
    assert fingerprint() == fingerprint(source="# a comment\n\nimport os\n" + SOURCE)


def test_formatting_and_comments_do_not_change_it(fingerprint):
    formatted = SOURCE.replace(
        'raise ValueError("no such order: %s" % order)',
        "raise ValueError( 'no such order: %s'%order )  # says which",
    )
    assert formatted != SOURCE
    assert fingerprint() == fingerprint(source=formatted)


def test_a_deeper_recursion_does_not_change_it(fingerprint):
    depths = {fingerprint(amount=number) for number in (1, 2, 3, 17, 200)}
    assert len(depths) == 1


def test_more_layers_of_a_framework_and_other_names_in_it_do_not_change_it(fingerprint):
    assert fingerprint() == fingerprint(layers=3) == fingerprint(layers=5, layer="renamed")


def test_another_raise_in_the_same_function_changes_it(fingerprint):
    assert fingerprint(amount=-1) != fingerprint(amount=0)


def test_another_type_changes_it(fingerprint):
    assert fingerprint(amount=-1) != fingerprint(amount=2000)
    changed = SOURCE.replace('raise ValueError("no such', 'raise TypeError("no such')
    assert fingerprint() != fingerprint(source=changed)


def test_another_handler_changes_it(fingerprint):
    assert fingerprint() != fingerprint("other")


def test_the_cause_is_part_of_it_and_what_was_cut_off_is_not(fingerprint):
    assert fingerprint("chained", amount=-1) != fingerprint("chained", amount=0)
    assert fingerprint("cut_off", amount=-1) == fingerprint("cut_off", amount=0)


def test_without_source_the_line_within_the_function_stands_in(fingerprint):
    plain = fingerprint(written=False)
    assert plain == fingerprint(source="\n\n" + SOURCE, written=False)
    assert plain != fingerprint(amount=0, written=False)


def test_the_order_in_which_members_of_a_group_failed_does_not_change_it(record):
    one, two = ValueError("1"), TypeError("2")
    first = record(ExceptionGroup("g", [one, two])).fingerprint
    assert first == record(ExceptionGroup("g", [two, one])).fingerprint
    assert first == record(ExceptionGroup("g", [two, one, ValueError("3")])).fingerprint
    assert first != record(ExceptionGroup("g", [one])).fingerprint


def test_a_fault_of_libraries_alone_has_one_too(record, raised):
    library = {"__name__": "library"}
    exec(
        compile(
            "def fail(x):\n    return 1 / x\n\ndef miss(x):\n    return {}[x]\n", "/l.py", "exec"
        ),
        library,
    )
    by_zero = record(raised(lambda: library["fail"](0)), own="nowhere").fingerprint
    assert by_zero != record(raised(lambda: library["miss"](0)), own="nowhere").fingerprint
    assert re.fullmatch(r"v2:[0-9a-f]{16}", by_zero)


def test_withheld_words_without_exception_are_grouped_by_reason_place_and_route(record):
    def of(where="body", reason="made by hand", route="/a", text="x", **more):
        return record(
            None,
            status=404,
            request=Request("GET", f"/a/{text}", route),
            withheld=(Withheld(where, text, reason),),
            **more,
        ).fingerprint

    assert of() == of(text="other words")
    assert (
        len(
            {
                of(),
                of(where="detail"),
                of(reason="flagged"),
                of(route="/b"),
                of(event="websocket.close.withheld"),
            }
        )
        == 5
    )


def test_it_is_the_same_when_it_is_computed_anew(fingerprint):
    from tightlip.incidents import fingerprint as module
    from tightlip.incidents import frames, ways

    before = fingerprint()
    module._known.clear()
    frames._places.clear()
    ways._ways.clear()
    assert fingerprint() == before


def test_code_that_is_made_without_end_fills_no_memory(record, raised):
    from tightlip.incidents import fingerprint as module
    from tightlip.incidents import frames, ways

    for number in range(9000):
        code = compile("1 / 0", f"/made-{number}.py", "exec")
        try:
            exec(code, {"__name__": "made"})
        except ZeroDivisionError as error:
            ways.Walks().walk(error.__traceback__)
    assert len(frames._places) <= 8192
    assert len(ways._ways) <= 1024
    assert len(module._known) <= 4096
