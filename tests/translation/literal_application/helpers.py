from starlette.exceptions import HTTPException


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


def validate(value, words):
    if value == "email":
        raise ValueError("Give an address with a point in it")
    assert value != "age", "Give an age in whole years"
    raise ValueError(words)
