# ruff: noqa: PLE0303, PLE0304, PLE0307, PLE0309 - classes that break every promise are the material
from __future__ import annotations

import importlib
import json
import sys

import pytest

LOADED: list[str] = []


def touched(name):
    LOADED.append(name)
    raise AssertionError(f"{name} was run")


class Lying(type):
    @property
    def __name__(cls):
        touched("__name__")

    @property
    def __module__(cls):
        touched("__module__")

    def __instancecheck__(cls, instance):
        touched("__instancecheck__")

    def __hash__(cls):
        touched("__hash__")

    def __eq__(cls, other):
        touched("__eq__")

    def mro(cls):
        return type.mro(cls)


class Hostile(metaclass=Lying):
    def __getattribute__(self, name):
        touched(name)

    def __repr__(self):
        touched("repr")

    def __str__(self):
        touched("str")

    def __eq__(self, other):
        touched("eq")

    def __hash__(self):
        return 1

    def __len__(self):
        touched("len")

    def __bool__(self):
        touched("bool")

    def __iter__(self):
        touched("iter")

    @property
    def __class__(self):
        touched("class")


class EvilText(str):
    __slots__ = ()

    def __str__(self):
        touched("text")

    def __repr__(self):
        touched("text")

    def __eq__(self, other):
        touched("text")

    def __hash__(self):
        return 2

    def __getattribute__(self, name):
        touched("text")


class EvilDict(dict):
    def __getattribute__(self, name):
        touched("dict")

    def __iter__(self):
        touched("dict")


@pytest.fixture(autouse=True)
def nothing_foreign_runs():
    LOADED.clear()
    yield
    assert LOADED == []


def messages(incident):
    return [each["exception.message"] for each in incident["exceptions"]]


def test_no_code_of_a_local_variables_class_is_run(record, raised):
    def fail():
        hostile, text, mapping = Hostile(), EvilText("x"), EvilDict(a=1)
        inside = [hostile, {"a": (hostile, text)}, {Hostile(): 1, text: 2}]
        kind = Hostile
        raise ValueError("boom", hostile, text)

    local = record(raised(fail))["exceptions"][0]["frames"][-1]["locals"]
    assert local["hostile"].endswith(".Hostile>")
    assert local["text"].endswith(".EvilText>")
    assert local["mapping"].endswith(".EvilDict>")
    assert local["kind"] == "<Lying>"
    assert local["inside"][0] == local["hostile"]
    assert local["inside"][1] == {"a": [local["hostile"], local["text"]]}


def test_the_arguments_of_a_plain_exception_are_told_without_their_own_code(record, raised):
    def fail():
        raise ValueError("boom", Hostile(), EvilText("x"), {"password": "a" * 3})

    error = record(raised(fail))["exceptions"][0]
    assert error["exception.args"][0] == "boom"
    assert error["exception.args"][1].endswith(".Hostile>")
    assert error["exception.args"][3] == {"password": "[scrubbed]"}
    assert error["exception.message"].startswith("boom, <")
    assert "aaa" not in json.dumps(error)


class RaisesInText(Exception):
    def __str__(self):
        raise ValueError("no")


class NoText(Exception):
    def __str__(self):
        return 3


class ExitsInText(Exception):
    def __str__(self):
        raise SystemExit(3)


class Recurses(Exception):
    def __str__(self):
        return str(self)


class Exhausts(Exception):
    def __str__(self):
        raise MemoryError


class TextOfSubclass(Exception):
    def __str__(self):
        return EvilText("a lasting word")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (RaisesInText, "<no text: ValueError was raised while it was asked for>"),
        (NoText, "<no text: TypeError was raised while it was asked for>"),
        (ExitsInText, "<no text: SystemExit was raised while it was asked for>"),
        (Recurses, "<no text: RecursionError was raised while it was asked for>"),
        (Exhausts, "<no text: MemoryError was raised while it was asked for>"),
        (TextOfSubclass, "a lasting word"),
    ],
)
def test_an_exception_without_a_usable_text_is_recorded_all_the_same(record, raised, kind, message):
    def fail():
        raise kind

    incident = record(raised(fail))
    assert messages(incident) == [message]
    assert incident["exception.type"].endswith(kind.__qualname__)


def test_properties_of_an_exceptions_class_are_passed_by(record, raised):
    class Masked(Exception):
        for name in (
            "__cause__",
            "__context__",
            "__suppress_context__",
            "__traceback__",
            "__notes__",
            "args",
            "__dict__",
            "__class__",
        ):
            locals()[name] = property(lambda self: touched("property"))

    def fail():
        try:
            raise KeyError("inner")
        except KeyError:
            raise Masked("outer")

    incident = record(raised(fail))
    assert messages(incident) == ["outer", "'inner'"]
    assert incident["exceptions"][0]["frames"]


def test_a_class_that_lies_about_its_name_is_told_by_its_true_one(record, raised):
    class Honest(Exception, metaclass=Lying):
        pass

    def fail():
        raise Honest("x")

    assert record(raised(fail))["exception.type"].endswith(".Honest")


def test_a_class_with_a_strange_module_has_a_name_still(record, raised):
    strange = type("Strange", (Exception,), {"__module__": Hostile()})

    def fail():
        raise strange

    assert record(raised(fail))["exception.type"] == "Strange"


def test_causes_contexts_and_suppressed_contexts_are_told_apart(record, raised):
    def fail():
        try:
            try:
                try:
                    raise OSError("first")
                except OSError:
                    raise KeyError("second")
            except KeyError as error:
                raise TypeError("third") from error
        except TypeError:
            raise ValueError("fourth") from None

    exceptions = record(raised(fail))["exceptions"]
    assert [
        (each["exception.type"], each["relation"], each.get("parent")) for each in exceptions
    ] == [
        ("ValueError", "raised", None),
        ("TypeError", "suppressed_context", 0),
        ("KeyError", "cause", 1),
        ("OSError", "context", 2),
    ]


def test_the_context_beside_a_cause_is_kept_and_marked(record, raised):
    def fail():
        other = LookupError("the cause")
        try:
            raise OSError("being handled")
        except OSError:
            raise ValueError("outer") from other

    exceptions = record(raised(fail))["exceptions"]
    assert [
        (each["exception.message"], each["relation"], each.get("parent")) for each in exceptions
    ] == [
        ("outer", "raised", None),
        ("the cause", "cause", 0),
        ("being handled", "suppressed_context", 0),
    ]


def test_a_group_is_recorded_with_its_members_and_their_chains(record, raised):
    def member():
        try:
            raise OSError("behind")
        except OSError as error:
            raise ValueError("one") from error

    def fail():
        raise ExceptionGroup("many", [raised(member), ExceptionGroup("inner", [TypeError("two")])])

    exceptions = record(raised(fail))["exceptions"]
    assert [
        (each["exception.message"], each["relation"], each.get("parent")) for each in exceptions
    ] == [
        ("many (2 sub-exceptions)", "raised", None),
        ("one", "member", 0),
        ("behind", "cause", 1),
        ("inner (1 sub-exception)", "member", 0),
        ("two", "member", 3),
    ]
    assert exceptions[1]["frames"][-1]["source"] == 'raise ValueError("one") from error'


def test_of_a_large_group_ten_members_are_kept_and_the_rest_counted(record, raised):
    def fail():
        raise ExceptionGroup("many", [ValueError(str(number)) for number in range(200)])

    exceptions = record(raised(fail))["exceptions"]
    assert len(exceptions) == 11
    assert exceptions[0]["omitted_members"] == 190


def test_a_cycle_of_causes_ends(record):
    first, second, third = ValueError("1"), ValueError("2"), ValueError("3")
    first.__cause__, second.__cause__, third.__cause__ = second, third, first
    first.__context__, second.__context__ = third, first
    assert messages(record(first)) == ["1", "2", "3"]


def test_a_group_that_is_its_members_cause_ends(record):
    inner = ValueError("inner")
    group = ExceptionGroup("outer", [inner, inner])
    inner.__cause__ = group
    assert messages(record(group)) == ["outer (2 sub-exceptions)", "inner"]


def test_a_chain_of_a_thousand_links_keeps_both_its_ends(record):
    error = first = ValueError("0")
    for number in range(1, 1000):
        error.__context__ = ValueError(str(number))
        error = error.__context__
    exceptions = record(first)["exceptions"]
    assert [each["exception.message"] for each in exceptions] == [
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "997",
        "998",
        "999",
    ]
    assert exceptions[0]["omitted_links"] == 990
    assert [each.get("parent") for each in exceptions] == [None, *range(9)]


def test_of_a_deep_recursion_fifty_frames_are_kept_and_the_removed_middle_is_told(record, raised):
    def deep(number):
        if number:
            deep(number - 1)
        raise ValueError("bottom")

    error = record(raised(lambda: deep(200)))["exceptions"][0]
    assert len(error["frames"]) == 50
    assert error["omitted_frames_after"] == 10
    assert error["omitted_frames"] == 2 + 201 - 50
    assert error["frames"][-1]["source"] == 'raise ValueError("bottom")'
    assert error["frames"][-1]["locals"] == {"number": 0, "deep": "<function>"}


def test_a_recursion_error_is_recorded(record, raised):
    def forever():
        return forever()

    incident = record(raised(forever))
    assert incident["exception.type"] == "RecursionError"
    assert len(incident["exceptions"][0]["frames"]) == 50


@pytest.fixture
def down(tmp_path):
    """A function of a library that calls itself, and then what it is given."""
    (tmp_path / "a_library_of_frames.py").write_text(
        "def down(number, then):\n    return down(number - 1, then) if number else then()\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        yield importlib.import_module("a_library_of_frames").down
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("a_library_of_frames")


def test_locals_are_shown_of_the_applications_frames_and_not_of_a_frameworks(record, raised, down):
    def handler():
        order = 17
        down(12, service)

    def service():
        amount = 3
        raise ValueError

    frames = record(raised(handler))["exceptions"][0]["frames"]
    assert [frame["application"] for frame in frames] == [True, True] + [False] * 13 + [True]
    assert [index for index, frame in enumerate(frames) if "locals" in frame] == [0, 1, 15]
    assert frames[1]["locals"]["order"] == 17
    assert frames[15]["locals"] == {"amount": 3}


def test_a_librarys_innermost_frame_keeps_its_locals_to_itself(record, raised, down):
    frames = record(raised(lambda: down(5, None)))["exceptions"][0]["frames"]
    assert not any("locals" in frame for frame in frames if not frame["application"])


def test_locals_are_shown_of_eight_frames_at_most(record, raised):
    def deep(number):
        return deep(number - 1) if number else 1 / 0

    frames = record(raised(lambda: deep(30)))["exceptions"][0]["frames"]
    assert ["locals" in frame for frame in frames[-9:]] == [False] + [True] * 8


def test_a_frame_in_the_tracebacks_of_cause_and_effect_shows_its_locals_once(record, raised):
    def handler():
        order = 4711
        try:
            return 1 / 0
        except ZeroDivisionError as error:
            raise RuntimeError from error

    effect, cause = record(raised(handler))["exceptions"]
    assert effect["frames"][-1]["locals"]["order"] == 4711
    assert cause["frames"][-1]["code.function.name"] == effect["frames"][-1]["code.function.name"]
    assert "locals" not in cause["frames"][-1]


def test_notes_of_an_exception_are_kept_and_odd_ones_passed_by(record):
    error = ValueError("x")
    error.add_note("the third attempt")
    error.__notes__ += [Hostile(), EvilText("a subclass"), 3]
    assert record(error)["exceptions"][0]["exception.notes"] == ["the third attempt", "a subclass"]
    error.__notes__ = Hostile()
    assert "exception.notes" not in record(error)["exceptions"][0]


def test_values_are_bounded_in_depth_width_length_and_size(record, raised):
    def fail():
        deep = []
        for _ in range(100):
            deep = [deep]
        wide = list(range(1000))
        many = {str(number): number for number in range(1000)}
        long = "x" * 100_000
        huge = 10**5000
        data = b"\xff" * 100_000
        loop = []
        loop.append(loop)
        odd = [
            float("nan"),
            float("inf"),
            1j,
            -(2**70),
            {1, 2},
            frozenset({3}),
            bytearray(b"x"),
            None,
            True,
        ]
        keys = {1: 2, (3, 4): 5, None: 6, b"k": 7}
        raise ValueError

    incident = record(raised(fail))
    local = incident["exceptions"][0]["frames"][-1]["locals"]
    assert local["deep"] == [[[["<list of 1>"]]]]
    assert len(local["wide"]) == 25
    assert local["wide"][-1] == "[976 more]"
    assert local["many"]["..."] == "[976 more]"
    assert local["long"] == "x" * 1024 + "[98976 more characters]"
    assert local["huge"] == "<int of 16610 bits>"
    assert len(local["data"]) < 1100
    assert "list of 1" in str(local["loop"])
    assert local["odd"] == ["nan", "inf", "1j", -(2**70), [1, 2], [3], "b'x'", None, True]
    assert local["keys"] == {"1": 2, "(3, 4)": 5, "None": 6, "k": 7}
    assert len(incident.as_json()) < 65_536


def test_a_thousand_variables_cost_no_more_than_some(record, raised):
    source = (
        "def fail():\n" + "".join(f"    v{n} = [{n}] * 30\n" for n in range(500)) + "    1 / 0\n"
    )
    scope = {}
    exec(compile(source, __file__, "exec"), scope)
    local = record(raised(scope["fail"]))["exceptions"][0]["frames"][-1]["locals"]
    assert len(local) == 33
    assert local["..."] == "[468 more]"


def test_the_variables_of_a_module_and_of_a_class_body_are_not_shown(record, raised):
    source = "setting = 'a'\nclass Body:\n    inside = 'b'\n    1 / 0\n"
    frames = record(raised(lambda: exec(compile(source, __file__, "exec"), {})))["exceptions"][0][
        "frames"
    ]
    assert frames[-1]["code.function.name"] == "Body"
    assert all("locals" not in frame for frame in frames[-2:])


def test_an_exception_without_traceback_is_recorded(record):
    incident = record(ValueError("never raised"))
    assert incident["exceptions"] == [
        {
            "exception.type": "ValueError",
            "exception.message": "never raised",
            "relation": "raised",
            "frames": [],
        }
    ]
    assert "code.file.path" not in incident


def test_hostile_texts_in_a_message_make_one_printable_line(record):
    incident = record(ValueError('\n{"reference":"FORGED"}\x1b[2J\ud800\x00\u202e'))
    assert incident.as_json().isprintable()
    assert incident["exception.message"] == '\n{"reference":"FORGED"}\x1b[2J\\ud800\\x00\u202e'
