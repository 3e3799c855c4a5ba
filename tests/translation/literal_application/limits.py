"""Each public function raises with words of its author that the rule does not see: withheld.

They are the price of the rule, and its known limits: whoever meets one writes the words where
they are raised, or declares an error.
"""

from types import MappingProxyType

from starlette.exceptions import HTTPException

from . import words
from .words import Text

SEALED = MappingProxyType({"late": "The words in a sealed table"})
CALLS = {"late": lambda: HTTPException(400, "The words in a table of calls")}


class View:
    def __init__(self):
        self.words = "The words of an instance"

    def get(self):
        raise HTTPException(400, self.words)


def a_factory_in_a_table():
    raise CALLS["late"]()


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


def an_item_of_a_sealed_table():
    raise HTTPException(400, SEALED["late"])


def the_text_of_a_member_of_an_enum():
    raise HTTPException(400, str(Text.USED))


def a_member_of_an_enum_by_its_name():
    raise HTTPException(400, Text["USED"].value)


def words_of_a_decorator():
    def refusing(words):
        def decorate(function):
            def refuse():
                raise HTTPException(400, words)

            return refuse

        return decorate

    @refusing("The words of a decorator")
    def act():
        pass

    act()


def a_local_made_by_a_call():
    body = words.Specification(400, "The words for a local")
    raise HTTPException(body.status, body.words)
