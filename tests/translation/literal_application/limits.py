"""Each public function raises with words of its author that the rule does not see: withheld.

They are the price of the rule, and its known limits: whoever meets one writes the words where
they are raised, or declares an error.
"""

import functools

from starlette.exceptions import HTTPException

from . import helpers, words
from .words import Messages, Unhelpful

DETAIL = {"code": "SOLD_OUT", "message": "No seats are left"}
ARGUMENTS = {"status_code": 404, "detail": "The words in keyword arguments"}
CALLS = {"late": lambda: HTTPException(400, "The words in a table of calls")}
TOO_LATE = functools.partial(HTTPException, 400, "The words in a partial")
ALIAS = words.GONE


class Coded(HTTPException):
    MESSAGES = {"late": "The words in a table of the class"}  # noqa: RUF012 - a plain habit

    def __init__(self, code):
        super().__init__(400, self.MESSAGES[code])


class View:
    def __init__(self):
        self.words = "The words of an instance"

    def get(self):
        raise HTTPException(400, self.words)


def a_factory_that_has_returned():
    raise helpers.make_not_found()


def a_factory_in_a_table():
    raise CALLS["late"]()


def a_partial_of_an_exception():
    raise TOO_LATE()


def a_default_of_a_helper():
    helpers.fail_by_default()


def an_item_of_a_table():
    raise HTTPException(404, words.TABLE["missing"])


def an_item_of_a_table_in_the_exception_class():
    raise Coded("late")


def an_item_of_a_list():
    raise HTTPException(404, words.LISTED[0])


def an_item_of_a_list_in_a_class():
    raise HTTPException(404, Unhelpful.WORDS[0])


def a_dict_that_is_a_constant():
    raise HTTPException(409, DETAIL)


def a_dict_that_is_a_local():
    detail = {"code": "SOLD_OUT", "message": "No seats are left"}
    raise HTTPException(409, detail)


def keyword_arguments_that_are_a_constant():
    raise HTTPException(**ARGUMENTS)


def a_constant_with_another_name():
    raise HTTPException(410, ALIAS)


def a_local_bound_from_a_constant():
    message = Messages.NOT_FOUND
    raise HTTPException(410, message)


def a_local_bound_from_a_local():
    first = "The words of a first local"
    second = first
    raise HTTPException(410, second)


def an_attribute_of_an_instance():
    View().get()


def words_in_a_returned_text():
    def describe():
        return "The words that are returned"

    raise HTTPException(400, describe())


def a_loop_over_words():
    for message in ("The words of a loop",):
        raise HTTPException(400, message)


def words_with_a_value_in_them():
    raise HTTPException(400, f"Only {words.LIMIT} seats are left")


def two_errors_with_the_same_words():
    try:
        raise ValueError("The same words")
    except ValueError:
        raise HTTPException(400, "The same words")


def an_exception_changed_after_its_call():
    error = HTTPException(400)
    error.detail = "The words that are set afterwards"
    raise error


def a_dict_that_is_too_deep():
    raise HTTPException(400, {"a": {"b": {"c": {"d": {"e": {"f": {"g": "Sold out"}}}}}}})
