import pytest

from tightlip.translation.chain import related, text_of


class Telling(Exception):
    def __init__(self, tell):
        self.tell = tell

    def __str__(self):
        return self.tell()


def _raise(error):
    raise error


def test_the_text_of_an_exception_is_its_text():
    assert text_of(ValueError("words")) == "words"
    assert text_of(KeyError("key")) == "'key'"
    assert text_of(ValueError()) == ""


def test_a_long_text_is_cut():
    assert text_of(ValueError("x" * 100_000)) == "x" * 8192


@pytest.mark.parametrize(
    "fault", [ValueError("x"), RecursionError(), MemoryError(), SystemExit(), KeyboardInterrupt()]
)
def test_a_text_that_cannot_be_had_is_empty(fault):
    assert text_of(Telling(lambda: _raise(fault))) == ""


@pytest.mark.parametrize("value", [None, 1, b"bytes", object()])
def test_what_is_no_text_is_empty(value):
    assert text_of(Telling(lambda: value)) == ""


def test_a_text_that_needs_itself_is_empty():
    error = Telling(lambda: str(error))
    assert text_of(error) == ""


def test_a_text_of_a_subclass_comes_out_plain():
    class Told(str):
        __slots__ = ()

    text = text_of(Telling(lambda: Told("words")))
    assert text == "words"
    assert type(text) is str


def test_causes_contexts_and_members_follow_the_nearest_first_and_each_once():
    far = KeyError("far")
    member = TypeError("member")
    group = ExceptionGroup("several", [member, far])
    cause, context = ValueError("cause"), OSError("context")
    cause.__cause__ = far
    top = RuntimeError("top")
    top.__cause__, top.__context__ = cause, context
    context.__context__ = group
    group.__context__ = top
    assert list(related(top)) == [cause, context, far, group, member]


def test_a_context_that_was_suppressed_follows():
    def fail():
        try:
            raise KeyError("inner")
        except KeyError:
            raise ValueError("outer") from None

    with pytest.raises(ValueError, match="outer") as caught:
        fail()
    assert [type(other) for other in related(caught.value)] == [KeyError]


def test_a_long_chain_is_followed_so_far():
    first = error = ValueError("0")
    for number in range(1000):
        error.__context__ = ValueError(str(number))
        error = error.__context__
    assert len(list(related(first))) == 256
    wide = ExceptionGroup("wide", [ValueError(str(number)) for number in range(1000)])
    assert len(list(related(wide))) == 256
