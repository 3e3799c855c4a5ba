from starlette.exceptions import HTTPException

from .words import GONE


def fail(words, status=400):
    raise HTTPException(status, words)


def fail_by_keyword(*, detail):
    raise HTTPException(status_code=400, detail=detail)


def one(words):
    return two(words)


def two(words):
    return three(words)


def three(words):
    return four(words)


def four(words):
    fail(words)


async def fail_later(words):
    fail(words)


def fail_in_turn(words):
    yield 1
    fail(words)


def fail_by_default(words="The default words of a helper"):
    raise HTTPException(400, words)


def make(words):
    return HTTPException(400, words)


def make_not_found():
    return HTTPException(404, "Words in a factory")


def fail_by_keyword_default(*, words="The default words by keyword"):
    raise HTTPException(400, words)


def make_gone():
    return HTTPException(410, detail=GONE)


def make_late():
    error = HTTPException(404, "Words in the local of a factory")
    return error  # noqa: RET504 - a plain habit


def make_soon():
    words = "Words of a factory"
    return HTTPException(404, words)


def make_either(which):
    if which:
        return HTTPException(404, "One of two words")
    return HTTPException(404, "The other of two words")


def make_twice():
    return make_gone()


def make_of(error):
    return HTTPException(400, str(error))


def make_of_caught():
    try:
        raise ValueError("An internal text in a factory")
    except ValueError as error:
        return HTTPException(400, str(error))


def make_of_kept():
    text = "".join(("An internal ", "text"))
    note = "An internal note"
    return HTTPException(400, text or note)


def make_internal():
    return LookupError("An internal text that is made")


class Factory:
    @staticmethod
    def make_static():
        return HTTPException(404, "Words of a static method")

    def make(self):
        return HTTPException(404, "Words of a method")

    def fail(self, words="The default words of a method"):
        raise HTTPException(400, words)


FACTORY = Factory()


def validate(value, words):
    if value == "email":
        raise ValueError("Give an address with a point in it")
    assert value != "age", "Give an age in whole years"
    raise ValueError(words)
