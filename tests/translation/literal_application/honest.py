# ruff: noqa: UP032, UP034, RUF100 - odd ways to write words are the material
"""Each public function raises with words that its author wrote: all of them may leave."""

import asyncio
import contextlib
import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from starlette.exceptions import HTTPException

from . import helpers, reexports, stars, words
from .helpers import fail
from .words import (
    GONE,
    Messages,
    Mixed,
    MoreMessages,
    Number,
    Reason,
    Refusal,
    Text,
    Unhelpful,
    settings,
)

LOCAL_CONSTANT = "A constant of this very module"
RENAMED = reexports
DETAIL = {"code": "SOLD_OUT", "message": "No seats are left"}
ARGUMENTS = {"status_code": 404, "detail": "The words in keyword arguments"}
TOO_LATE = functools.partial(HTTPException, 400, "The words in a partial")
ALIAS = words.GONE
NOT_HERE = HTTPException(404, "The page is not here")
NOT_HERE_BY_NAME = HTTPException(404, Messages.NOT_FOUND)


class Coded(HTTPException):
    MESSAGES = {"late": "The words in a table of the class"}  # noqa: RUF012 - a plain habit

    def __init__(self, code):
        super().__init__(400, self.MESSAGES[code])


class ItemAsked(HTTPException):
    def __init__(self):
        super().__init__(400, self.words)

    @property
    def words(self):
        return "The words of a property"


class ItemMissing(HTTPException):
    def __init__(self):
        super().__init__(404, "The item is missing")


class ItemMissingBelow(ItemMissing):
    pass


class ItemLate(HTTPException):
    WORDS = "The item is late"

    def __init__(self):
        super().__init__(404, self.WORDS)


class ItemDetailed(HTTPException):
    detail = "The item is known by its class"

    def __init__(self):
        self.status_code = 400


class ItemDefault(HTTPException):
    def __init__(self, detail="The item is gone by default", *, hint="Try another item"):
        super().__init__(404, {"message": detail, "hint": hint})


class ItemNumbered(HTTPException):
    def __init__(self):
        super().__init__(404, {"code": 7001, "message": "The item has a number"})


class ItemMade(HTTPException):
    @classmethod
    def broken(cls):
        return cls(400, "The item is broken")

    @staticmethod
    def lost():
        return ItemMade(400, "The item is lost")


@dataclass
class ItemCounted(HTTPException):
    status_code: int = 400
    detail: str = "The item is counted"


class Overridden(HTTPException):
    def __init__(self, detail):
        super().__init__(400, detail)


def a_literal_in_the_raise():
    raise HTTPException(404, "Item not found")


def a_literal_by_keyword():
    raise HTTPException(status_code=404, detail="Item not found")


def a_literal_over_several_lines():
    raise HTTPException(
        status_code=404,
        detail=(
            "The item was not found, "
            "or it was removed. "
            "Please look again"
        ),
        headers={"x-reason": "missing"},
    )  # fmt: skip


def a_literal_that_looks_like_an_identifier():
    raise HTTPException(404, "missing")


def a_literal_of_one_character():
    raise HTTPException(404, "?")


def a_literal_in_triple_quotes():
    raise HTTPException(
        404,
        """The item was not found
    in the second line""",
    )


def a_literal_that_is_not_ascii():
    raise HTTPException(404, "Der Gutschein ist abgelaufen – 期限切れ")


def a_literal_beside_a_local():
    status = len("x" * 404)
    raise HTTPException(status, "The account is closed")


def a_literal_from_none():
    try:
        {}["key"]
    except KeyError:
        raise HTTPException(404, "No such coupon") from None


def a_literal_from_its_cause():
    try:
        int("words")
    except ValueError as error:
        raise HTTPException(422, "Give a whole number") from error


def a_literal_with_a_context():
    try:
        int("words")
    except ValueError:
        raise HTTPException(422, "Give a whole number")


def a_literal_raised_again():
    try:
        fail("The coupon expired")
    except HTTPException:
        raise


def a_literal_raised_again_by_name():
    try:
        fail("The coupon expired")
    except HTTPException as error:
        raise error


def a_literal_raised_again_later():
    kept = None
    try:
        fail("The coupon expired")
    except HTTPException as error:
        kept = error
    raise kept


def a_literal_through_finally():
    done = []
    try:
        raise HTTPException(409, "The coupon is taken")
    finally:
        done.append(1)


def a_literal_inside_with():
    with contextlib.ExitStack() as stack:
        stack.callback(int)
        raise HTTPException(409, "The coupon is taken")


def a_literal_inside_a_suppression_of_others():
    with contextlib.suppress(KeyError):
        raise HTTPException(409, "The coupon is taken")


def a_conditional():
    state = len("closed")
    raise HTTPException(409, "The shop is closed" if state else "The shop is open")


def an_alternative():
    raise HTTPException(409, None or "The shop is closed")


def a_literal_by_match():
    match ("coupon", 3):
        case ("coupon", int()):
            raise HTTPException(409, "The coupon is no number")


def a_literal_by_walrus():
    raise HTTPException(409, (said := "The coupon is spoken for") and said)


def a_literal_with_one_piece():
    raise HTTPException(409, f"{'The coupon is quoted'}")


def a_literal_in_star_arguments():
    raise HTTPException(*(409, "The coupon came with a star"))


def a_literal_in_keyword_stars():
    raise HTTPException(**{"status_code": 409, "detail": "The coupon came with two stars"})


def a_literal_in_a_lambda_of_the_expression():
    raise HTTPException(409, (lambda: "The coupon came late")())


def a_literal_in_a_comprehension_of_the_expression():
    raise HTTPException(409, [f"{'Choose another size'}" for _ in range(2)])


def a_literal_from_a_generator_of_the_expression():
    raise HTTPException(409, next("Choose another size" for _ in range(2)))


def a_literal_with_a_translation_mark():
    def _(words):
        return words

    raise HTTPException(409, _("The coupon is marked for translation"))


def through_a_helper():
    fail("The coupon expired")


def through_a_helper_by_keyword():
    helpers.fail_by_keyword(detail="The coupon expired")


def through_five_helpers():
    helpers.one("The coupon expired five floors down")


def through_a_partial():
    functools.partial(fail, "The coupon expired in part")()


def through_a_lambda():
    (lambda words: fail(words))("The coupon expired in a lambda")


def through_a_wrapper():
    def wrap(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    @wrap
    def handler():
        raise HTTPException(400, "The handler is decorated")

    handler()


def through_an_installed_library():
    import literal_vendor

    literal_vendor.abort(400, "Words for the library to raise")


def through_a_call_back():
    import literal_vendor

    literal_vendor.call(lambda: fail("Words that are called back"))


def through_a_factory_that_takes_them():
    raise helpers.make("Words for a factory")


def through_a_generator():
    list(helpers.fail_in_turn("Words for a generator"))


def through_yield_from():
    def delegate():
        yield from helpers.fail_in_turn("Words for a generator below")

    list(delegate())


def thrown_into_a_generator():
    def wait():
        yield 1

    generator = wait()
    next(generator)
    generator.throw(HTTPException(400, "Words that are thrown"))


def through_a_coroutine():
    async def handler():
        await helpers.fail_later("Words that are awaited")

    asyncio.run(handler())


def through_a_task():
    async def handler():
        await asyncio.create_task(helpers.fail_later("Words in a task"))

    async def below():
        fail("Words in a task of its own")

    async def main():
        await asyncio.create_task(below())

    del handler
    asyncio.run(main())


def through_a_thread():
    async def handler():
        await asyncio.to_thread(lambda: fail("Words in a thread"))

    asyncio.run(handler())


def through_an_executor():
    with ThreadPoolExecutor(1) as executor:
        executor.submit(fail, "Words for an executor").result()


def through_a_plain_thread():
    caught = []

    def work():
        try:
            fail("Words in a plain thread")
        except HTTPException as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    raise caught[0]


def through_a_gathering():
    async def main():
        found = await asyncio.gather(below(), return_exceptions=True)
        raise found[0]

    async def below():
        raise HTTPException(400, "Words that were gathered")

    asyncio.run(main())


def through_an_asynchronous_context():
    @contextlib.asynccontextmanager
    async def transaction():
        yield 1

    async def main():
        async with transaction():
            raise HTTPException(400, "Words in a transaction")

    asyncio.run(main())


def through_an_asynchronous_generator():
    async def rows():
        yield 1
        raise HTTPException(400, "Words among the rows")

    async def main():
        async for _ in rows():
            pass

    asyncio.run(main())


def a_constant_of_this_module():
    raise HTTPException(400, LOCAL_CONSTANT)


def an_imported_constant():
    raise HTTPException(410, GONE)


def a_constant_by_its_module():
    raise HTTPException(410, words.SOLD_OUT)


def a_constant_under_another_name():
    raise HTTPException(410, reexports.MISSING)


def a_constant_by_two_modules():
    raise HTTPException(410, RENAMED.words.GONE)


def a_constant_by_a_star():
    raise HTTPException(410, stars.MISSING)


def a_constant_that_is_imported_late():
    from .words import FIRST

    raise HTTPException(410, FIRST)


def a_module_that_is_imported_late():
    from . import words as late

    raise HTTPException(410, late.SECOND)


def a_constant_of_two_pieces():
    raise HTTPException(410, words.LONG)


def a_constant_that_was_chosen():
    raise HTTPException(410, words.CHOSEN)


def a_private_constant():
    raise HTTPException(410, words._PRIVATE)


def a_constant_through_a_helper():
    fail(GONE)


def a_class_attribute():
    raise HTTPException(404, Messages.NOT_FOUND)


def an_inherited_class_attribute():
    raise HTTPException(404, MoreMessages.NOT_FOUND)


def an_attribute_of_a_nested_class():
    raise HTTPException(404, words.Messages.Orders.LATE)


def an_attribute_of_an_instance_by_its_class():
    raise HTTPException(404, settings.HINT)


def an_attribute_of_self():
    words.View().get()


def a_mangled_attribute_of_self():
    words.View().get_mangled()


def an_attribute_of_a_local_class():
    class Local:
        WORDS = "The words of a local class"

    raise HTTPException(404, Local.WORDS)


def an_enum_member():
    raise HTTPException(404, Text.USED)


def an_enum_member_of_mixed_bases():
    raise HTTPException(404, Mixed.WRONG)


def the_value_of_an_enum_member():
    raise HTTPException(404, Reason.EXPIRED.value)


def an_enum_member_that_is_no_text():
    raise HTTPException(404, Reason.EXPIRED)


def a_local():
    message = "The words of a local"
    raise HTTPException(400, message)


def a_local_by_branches():
    message = "The words of one branch"
    if len("x") > 1:
        message = "The words of another branch"
    raise HTTPException(400, message)


def a_local_by_a_conditional():
    message = "One" if len("x") > 1 else "The other"
    raise HTTPException(400, message)


def a_local_with_a_type():
    message: str = "The words of a typed local"
    raise HTTPException(400, message)


def a_local_by_walrus():
    if message := "The words of a walrus":
        raise HTTPException(400, message)


def a_local_through_a_helper():
    message = "The words of a local for a helper"
    fail(message)


def a_local_of_the_function_around():
    message = "The words of the function around"

    def inner():
        return message

    raise HTTPException(400, message if inner else None)


def a_local_that_holds_the_exception():
    error = HTTPException(404, "The words of a held exception")
    raise error


def a_local_that_holds_the_exception_by_name():
    error = HTTPException(404, Messages.NOT_FOUND)
    raise error


def a_local_that_holds_the_exception_over_lines():
    error = HTTPException(
        404,
        detail="The words of a held exception",
    )
    error.headers = {"x-hint": "later"}
    raise error


def a_global_that_holds_the_exception():
    raise NOT_HERE


def a_global_that_holds_the_exception_by_name():
    raise NOT_HERE_BY_NAME


def an_imported_exception_object():
    raise reexports.CLOSED


def an_imported_exception_object_by_name():
    raise words.CLOSED_BY_NAME


def an_exception_class_with_its_words():
    raise ItemMissing


def an_exception_class_with_its_words_called():
    raise ItemMissing()


def an_exception_class_below():
    raise ItemMissingBelow


def an_exception_class_with_an_attribute():
    raise ItemLate


def an_exception_class_whose_detail_is_an_attribute():
    raise ItemDetailed


def an_exception_class_with_defaults():
    raise ItemDefault


def an_exception_class_with_a_number():
    raise ItemNumbered


def an_exception_class_with_a_class_method():
    raise ItemMade.broken()


def an_exception_class_with_a_static_method():
    raise ItemMade.lost()


def an_exception_class_that_is_a_dataclass():
    raise ItemCounted


def an_exception_class_that_takes_the_words():
    raise Overridden("Words for a class of the application")


def an_exception_class_that_is_local():
    class Local(HTTPException):
        def __init__(self):
            super().__init__(400, "The words of a local class")

    raise Local


def an_exception_class_in_a_local():
    kind = ItemMade
    raise kind(400, "Words for a class in a local")


def an_exception_class_with_a_multiline_docstring():
    class Documented(HTTPException):
        """What happened."""

        def __init__(self):
            """Say it."""
            super().__init__(400, "The words below the docstring")

    raise Documented


def a_dict_of_literals():
    raise HTTPException(400, {"code": "OUT_OF_STOCK", "message": "Sold out", "retry": False})


def a_dict_of_literals_and_numbers():
    raise HTTPException(400, {"code": 17, "limit": 2.5, "below": -1, "none": None})


def a_dict_with_lists():
    raise HTTPException(400, {"errors": [{"field": "email", "why": "taken"}], "pair": ("a", "b")})


def a_dict_with_names():
    raise HTTPException(400, {"code": Text.USED, "message": GONE, "limit": words.LIMIT})


def a_dict_with_an_enum_number():
    raise HTTPException(400, {"code": Number.COUPON, "number": Number.COUPON.value})


def a_list_of_literals():
    raise HTTPException(400, ["The first", "The second"])


def an_empty_dict():
    raise HTTPException(400, {})


def a_number():
    raise HTTPException(400, 42)


def a_dict_with_an_empty_text():
    raise HTTPException(400, {"hint": ""})


def a_literal_twice_in_a_chain_of_others():
    try:
        try:
            int("words")
        except ValueError:
            fail("The first of two")
    except HTTPException:
        raise HTTPException(400, "The second of two")


def a_literal_in_recursion():
    def descend(depth):
        if depth == 0:
            raise HTTPException(400, "The bottom of a recursion")
        descend(depth - 1)

    descend(50)


def a_literal_behind_many_names():
    first = second = third = fourth = fifth = "The words of many names"
    raise HTTPException(400, fifth if first and second and third else fourth)


def a_local_of_a_pair():
    code, message = len("code"), "The words of a pair"
    raise HTTPException(code + 400, message)


def an_exception_class_in_a_local_with_the_name_of_another():
    ValueError = ItemMade  # noqa: A001, N806 - the name of another is what is tried
    raise ValueError(400, "Words for a class under a misleading name")


def a_factory_that_has_returned():
    raise helpers.make_not_found()


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


def an_item_of_a_table_by_get():
    raise HTTPException(404, words.TABLE.get("missing", "Nothing is known of it"))


def an_item_of_a_table_in_a_table():
    raise HTTPException(404, words.LANGUAGES["en"]["late"])


def an_item_of_a_table_that_is_a_local_by_now():
    message = words.LANGUAGES["en"]["late"]
    raise HTTPException(404, message)


def an_item_that_is_a_constant():
    raise HTTPException(410, words.TABLE["gone"])


def an_item_that_is_a_detail():
    raise HTTPException(409, words.DETAILS["sold_out"])


def an_item_of_a_pair():
    raise HTTPException(*words.PAIRS["late"])


def an_item_of_a_pair_that_is_unpacked():
    status, message = words.PAIRS["late"]
    raise HTTPException(status, message)


def a_table_made_by_a_call():
    raise HTTPException(400, words.BY_CALL["late"])


def a_large_table():
    raise HTTPException(400, words.LARGE["late"])


def an_item_of_a_tuple():
    raise HTTPException(400, words.ORDERED[1])


def a_table_of_a_class():
    raise HTTPException(400, Refusal.TABLE["late"])


def a_table_of_the_class_of_an_instance():
    Refusal().refuse()


def an_exception_in_a_table():
    raise words.READY["late"]


def constants_that_are_unpacked():
    raise HTTPException(400, words.UNPACKED)


def locals_that_are_unpacked():
    status, message = 400, "The words of a pair of locals"
    raise HTTPException(status, message)


def a_data_class():
    raise HTTPException(words.SPECIFIED.status, words.SPECIFIED.words)


def a_data_class_by_keyword():
    raise HTTPException(words.SPECIFIED_BY_NAME.status, words.SPECIFIED_BY_NAME.words)


def a_data_class_with_slots():
    raise HTTPException(words.SLOTTED.status, words.SLOTTED.words)


def a_data_class_that_is_a_local_by_now():
    specification = words.SPECIFIED
    raise HTTPException(specification.status, specification.words)


def the_default_of_a_data_class():
    raise HTTPException(400, words.DEFAULTS.late)


def the_default_of_a_data_class_with_slots():
    raise HTTPException(400, words.SLOTTED_DEFAULTS.late)


def a_named_tuple():
    raise HTTPException(words.NAMED.status, words.NAMED.words)


def a_named_tuple_that_is_unpacked():
    raise HTTPException(*words.NAMED)


def a_namespace():
    raise HTTPException(400, words.SPACE.LATE)


def a_member_of_an_enum_of_pairs():
    raise HTTPException(words.Paired.LATE.status, words.Paired.LATE.words)


def the_value_of_a_member_of_an_enum_of_pairs():
    raise HTTPException(*words.Paired.LATE.value)


def keys_that_are_keywords():
    raise HTTPException(400, dict(code="SOLD_OUT", message="No seats are left"))  # noqa: C408


def keys_that_are_keywords_of_a_local():
    detail = {"code": "SOLD_OUT", "messages": ["No seats are left", GONE]}
    raise HTTPException(400, detail)


def a_factory_by_a_constant():
    raise helpers.make_gone()


def a_factory_by_a_local():
    raise helpers.make_late()


def a_factory_by_words_in_a_local():
    raise helpers.make_soon()


def a_factory_with_two_words():
    raise helpers.make_either(0)


def a_factory_of_a_factory():
    raise helpers.make_twice()


def a_factory_of_a_class():
    raise helpers.Factory.make_static()


def a_factory_of_the_class_of_an_instance():
    raise helpers.FACTORY.make()


def a_factory_whose_exception_is_a_local():
    error = helpers.make_not_found()
    raise error


def a_default_by_keyword():
    helpers.fail_by_keyword_default()


def a_default_of_a_method():
    helpers.Factory().fail()


def a_default_of_a_function_inside():
    def refuse(words="The default words inside"):
        raise HTTPException(400, words)

    refuse()


def a_local_of_the_function_around():
    message = "The words of the function around"

    def refuse():
        raise HTTPException(400, message)

    refuse()


def a_local_of_the_function_further_around():
    message = "The words further around"

    def between():
        def refuse():
            raise HTTPException(400, message)

        refuse()

    between()


def a_property_of_the_exception_class():
    raise ItemAsked


def a_data_class_in_a_table():
    raise HTTPException(400, words.SPECIFICATIONS["late"].words)
