# ruff: noqa: UP030, UP031, UP032, PERF402, RUF100, FLY002, B018 - odd ways to make texts are the material
"""Each public function raises with words that nobody declared: none of them may leave."""

import asyncio
import contextlib
import contextvars
import functools
import gettext
import os
import queue
import sys
import threading
import traceback
from collections import OrderedDict, UserString, defaultdict, namedtuple
from dataclasses import dataclass
from enum import Enum
from string import Template

from starlette.exceptions import HTTPException

from . import helpers, words
from .helpers import fail
from .words import Messages, Reason, Text, settings

VARIABLE = contextvars.ContextVar("VARIABLE", default="")
KEPT = []
REUSED = HTTPException(400, "The words of a reused exception")
NOTHING = None


class InternalError(Exception):
    reason = "A class attribute of an internal exception"

    def __init__(self, detail="", *rest):
        super().__init__(*rest)
        self.detail = detail


class SlottedError(Exception):
    __slots__ = ("held",)


class Holder:
    pass


class Rich(HTTPException):
    def __init__(self, detail):
        super().__init__(400, f"rich: {detail}")


class Borrowing(HTTPException):
    WORDS = "".join(("computed for ", "an exception class"))

    def __init__(self):
        super().__init__(400, self.WORDS)


class Catching(HTTPException):
    def __init__(self):
        try:
            raise ValueError("An internal text in an exception class")
        except ValueError as error:
            super().__init__(400, str(error))


class Looking(HTTPException):
    def __init__(self, code):
        super().__init__(400, os.environ["HOME"] + code)


class Subclass(str):
    __slots__ = ()


class Liar(str):
    __slots__ = ()

    def __eq__(self, other):
        return True

    def __hash__(self):
        return hash("Sold out")


class Pretender:
    @property
    def __class__(self):
        return str

    def __str__(self):
        return _secret()


def _annotate(function):
    def wrapper(self):
        KEPT.append("An internal remark of a decorator")
        function(self, KEPT.pop())

    return wrapper


class Annotated(HTTPException):
    @_annotate
    def __init__(self, detail):
        super().__init__(400, detail)


def _secret():
    return "".join(("connection to ", "10.0.0.5 ", "refused"))


def _broken():
    raise ValueError(_secret())


def _work():
    raise ValueError("An internal literal of the application")


def _identifier():
    raise KeyError("email")


def the_text_of_an_exception():
    try:
        _broken()
    except ValueError as error:
        raise HTTPException(400, str(error))


def the_text_of_an_exception_from_none():
    try:
        _broken()
    except ValueError as error:
        raise HTTPException(400, str(error)) from None


def the_text_of_a_literal_exception():
    try:
        _work()
    except ValueError as error:
        raise HTTPException(400, str(error))


def the_text_of_a_literal_of_the_same_function():
    try:
        raise ValueError("An internal literal of the same function")
    except ValueError as error:
        raise HTTPException(400, str(error))


def the_text_of_a_literal_of_the_same_function_from_none():
    try:
        raise ValueError("An internal literal of the same function")
    except ValueError as error:
        raise HTTPException(400, error.args[0]) from None


def the_text_of_a_literal_after_its_exception_is_gone():
    text = ""
    try:
        raise ValueError("An internal literal of the same function, kept")
    except ValueError as error:
        text = str(error)
    raise HTTPException(400, text)


def the_exception_itself():
    try:
        _broken()
    except ValueError as error:
        raise HTTPException(400, error)


def the_representation_of_an_exception():
    try:
        _broken()
    except ValueError as error:
        raise HTTPException(400, repr(error))


def the_first_argument():
    try:
        _work()
    except ValueError as error:
        raise HTTPException(400, error.args[0])


def all_arguments():
    try:
        _work()
    except ValueError as error:
        raise HTTPException(400, list(error.args))


def the_detail_of_another_exception():
    try:
        raise InternalError("The detail of another exception")
    except InternalError as error:
        raise HTTPException(400, error.detail)


def the_detail_of_another_http_exception():
    try:
        raise HTTPException(500, "The detail of another exception")
    except HTTPException as error:
        raise HTTPException(400, error.detail)


def the_detail_of_another_in_the_expression():
    try:
        raise InternalError("Told twice")
    except InternalError:
        raise HTTPException(400, "Told twice")


def the_class_attribute_of_another_exception():
    try:
        raise InternalError
    except InternalError as error:
        raise HTTPException(400, error.reason)


def the_class_attribute_of_another_exception_by_its_class():
    try:
        raise InternalError
    except InternalError:
        raise HTTPException(400, InternalError.reason)


def the_slot_of_another_exception():
    try:
        error = SlottedError()
        error.held = "The words in a slot"
        raise error
    except SlottedError:
        raise HTTPException(400, "The words in a slot")


def the_slot_of_a_builtin_exception():
    try:
        raise ImportError(name="literal_module")
    except ImportError:
        raise HTTPException(400, "literal_module")


def the_argument_of_the_cause():
    cause = ValueError("The words of a cause")
    raise HTTPException(400, "The words of a cause") from cause


def the_argument_of_a_cause_further_away():
    try:
        try:
            raise ValueError("The words of a far cause")
        except ValueError as error:
            raise RuntimeError from error
    except RuntimeError:
        raise HTTPException(400, "The words of a far cause") from None


def the_argument_of_a_member_of_a_group():
    try:
        raise ExceptionGroup("several", [ValueError("The words of a member")])
    except ExceptionGroup:
        raise HTTPException(400, "The words of a member")


def the_argument_of_the_sixtieth_member_of_a_group():
    try:
        members = [ValueError(str(number)) for number in range(60)]
        raise ExceptionGroup("several", [*members, ValueError("The words of a late member")])
    except ExceptionGroup:
        raise HTTPException(400, "The words of a late member")


def the_message_of_a_group():
    try:
        raise ExceptionGroup("The words of a group", [ValueError()])
    except ExceptionGroup:
        raise HTTPException(400, "The words of a group")


def the_argument_as_a_subclass_of_str():
    try:
        raise ValueError(Subclass("The words of a subclass"))
    except ValueError:
        raise HTTPException(400, "The words of a subclass")


def a_note_of_an_exception():
    try:
        error = ValueError()
        error.add_note("an internal note")
        raise error
    except ValueError as caught:
        raise HTTPException(400, caught.__notes__[0])


def the_key_of_a_mapping():
    try:
        {}["a missing key"]
    except KeyError as error:
        raise HTTPException(404, error.args[0])


def the_key_of_a_mapping_with_quotes():
    try:
        {}["a missing key"]
    except KeyError as error:
        raise HTTPException(404, str(error))


def the_key_that_is_an_identifier():
    try:
        _identifier()
    except KeyError as error:
        raise HTTPException(404, error.args[0])


def the_key_that_is_an_identifier_and_stands_beside():
    try:
        _identifier()
    except KeyError as error:
        raise HTTPException(404, {"email": error.args[0]})


def the_name_of_an_exception():
    try:
        _broken()
    except ValueError as error:
        raise HTTPException(400, type(error).__name__)


def the_name_of_an_exception_in_a_dict():
    try:
        _broken()
    except ValueError as error:
        raise HTTPException(400, {"error": type(error).__name__})


def the_qualified_name_of_a_class():
    raise HTTPException(400, Holder.__qualname__)


def the_module_of_a_class():
    raise HTTPException(400, Holder.__module__)


def the_name_of_a_function():
    raise HTTPException(400, the_name_of_a_function.__name__)


def the_name_of_this_module():
    raise HTTPException(400, __name__)


def the_file_of_this_module():
    raise HTTPException(400, __file__)


def the_docstring_of_this_module():
    raise HTTPException(400, __doc__)


def the_docstring_of_a_class():
    class Documented:
        """An internal remark on a class."""

    raise HTTPException(400, Documented.__doc__ or "".join(("without", " docstrings")))


def the_docstring_of_a_function():
    """Hold an internal remark on a function."""
    raise HTTPException(400, the_docstring_of_a_function.__doc__ or _secret())


def the_docstring_of_an_exception_class():
    class DocumentedError(HTTPException):
        """An internal remark on an exception class."""

        def __init__(self):
            """Hold an internal remark on a method."""
            super().__init__(400, type(self).__init__.__doc__ or _secret())

    raise DocumentedError


def the_package_of_this_module():
    raise HTTPException(400, __package__)


def the_file_of_another_module():
    raise HTTPException(400, words.__file__)


def the_name_of_another_module():
    raise HTTPException(400, words.__name__)


def a_formatted_string():
    raise HTTPException(400, f"The server says: {_secret()}")


def a_formatted_string_of_one_piece():
    text = _secret()
    raise HTTPException(400, f"{text}")


def a_formatted_string_with_a_literal_around_nothing():
    raise HTTPException(400, f"{'The server says: '}{_secret()}")


def a_percent_format():
    raise HTTPException(400, "The server says: %s" % _secret())


def a_percent_format_of_one_piece():
    raise HTTPException(400, "%s" % _secret())


def a_percent_format_of_a_dict():
    raise HTTPException(400, "%(text)s" % {"text": _secret()})


def a_format_call():
    raise HTTPException(400, "The server says: {}".format(_secret()))


def a_format_map_call():
    raise HTTPException(400, "{text}".format_map({"text": _secret()}))


def a_template():
    raise HTTPException(400, Template("$text").substitute(text=_secret()))


def a_sum():
    raise HTTPException(400, "The server says: " + _secret())


def a_sum_with_nothing():
    raise HTTPException(400, "" + _secret() + "")


def a_growing_sum():
    text = "The server says: "
    text += _secret()
    raise HTTPException(400, text)


def a_join():
    raise HTTPException(400, ", ".join([_secret(), "please wait"]))


def a_join_of_one():
    raise HTTPException(400, ", ".join([_secret()]))


def a_replacement():
    raise HTTPException(400, "The server says: TEXT".replace("TEXT", _secret()))


def a_translation_by_table():
    raise HTTPException(400, "?".translate({ord("?"): _secret()}))


def a_product():
    raise HTTPException(400, _secret() * 1)


def a_slice():
    raise HTTPException(400, _secret()[0:])


def a_changed_case():
    raise HTTPException(400, "an internal text".upper())


def a_decoded_text():
    raise HTTPException(400, b"an internal text".decode())


def bytes_as_they_are():
    raise HTTPException(400, b"an internal text")


def a_translation_by_gettext():
    raise HTTPException(400, gettext.NullTranslations().gettext("internal") + "ised")


def a_traceback():
    try:
        _broken()
    except ValueError:
        raise HTTPException(500, traceback.format_exc())


def a_conditional_with_the_other_branch():
    raise HTTPException(400, _secret() if KEPT is not None else "Sold out")


def an_alternative_with_the_other_branch():
    raise HTTPException(400, _secret() or "Sold out")


def a_walrus():
    raise HTTPException(400, (text := _secret()) and text)


def a_match_capture():
    match {"detail": _secret()}:
        case {"detail": str() as text}:
            raise HTTPException(400, text)


def a_local_that_was_bound_again():
    text = "Sold out"
    text = _secret()
    raise HTTPException(400, text)


def a_local_that_was_bound_again_with_a_helper():
    text = "Sold out"
    if text:
        text = _secret()
    fail(text)


def a_local_that_was_unpacked():
    text, other = _secret(), "Sold out"
    raise HTTPException(400, text if other else None)


def a_local_from_a_loop():
    for text in [_secret()]:
        raise HTTPException(400, text)


def a_local_from_a_chain_of_locals():
    first = _secret()
    second = first
    third = second
    raise HTTPException(400, third)


def a_local_from_a_copy_of_locals():
    text = _secret()
    raise HTTPException(400, locals()["text"] or text)


def a_local_beside_an_equal_constant():
    "Not the words that are raised"  # noqa: B018 - a constant elsewhere in the function
    text = _secret()
    raise HTTPException(400, text)


def a_constant_elsewhere_in_the_function():
    try:
        raise RuntimeError(_keep("An internal text that was noted"))
    except RuntimeError:
        KEPT.clear()
    raise HTTPException(400, VARIABLE.get())


def _keep(text):
    VARIABLE.set(text)
    KEPT.append(text)
    return text


def a_text_kept_in_a_list():
    try:
        raise ValueError("An internal text for a list")
    except ValueError as error:
        KEPT.append(error.args[0])
    raise HTTPException(400, KEPT.pop())


def a_text_kept_in_a_dict():
    kept = {}
    try:
        raise ValueError("An internal text for a dict")
    except ValueError as error:
        kept["text"] = str(error)
    raise HTTPException(400, kept["text"])


def a_text_kept_in_a_closure():
    def keep(text):
        return lambda: text

    kept = keep(_secret())
    raise HTTPException(400, kept())


def a_text_kept_in_an_attribute():
    holder = Holder()
    holder.text = "An internal text for an attribute"
    raise HTTPException(400, holder.text)


def a_text_kept_in_a_class_attribute():
    Holder.text = "An internal text for a class"
    raise HTTPException(400, Holder.text)


def a_text_kept_in_a_function_attribute():
    fail.text = "An internal text for a function"
    raise HTTPException(400, fail.text)


def a_text_kept_in_a_context_variable():
    VARIABLE.set("An internal text for a context")
    raise HTTPException(400, VARIABLE.get())


def a_text_kept_in_a_thread():
    local = threading.local()
    local.text = "An internal text for a thread"
    raise HTTPException(400, local.text)


def a_text_kept_in_a_queue():
    waiting = queue.SimpleQueue()
    waiting.put("An internal text for a queue")
    raise HTTPException(400, waiting.get())


def a_text_kept_in_a_global():
    global NOTHING
    NOTHING = "An internal text for a global"
    raise HTTPException(400, NOTHING)


def a_text_kept_in_an_instance_of_the_application():
    raise HTTPException(400, settings.secret)


def a_text_kept_in_a_default(text=_secret()):  # noqa: B008 - a default that is computed
    raise HTTPException(400, text)


def a_text_kept_in_a_partial():
    functools.partial(fail, _secret())()


def a_text_kept_by_a_decorator():
    def keep(function):
        return lambda: function(_secret())

    @keep
    def handler(text):
        raise HTTPException(400, text)

    handler()


def a_text_kept_in_a_cache():
    @functools.cache
    def look_up():
        return _secret()

    look_up()
    raise HTTPException(400, look_up())


def a_text_returned_by_a_function():
    def text():
        return "An internal text that is returned"

    raise HTTPException(400, text())


def a_text_returned_by_an_awaitable():
    async def text():
        return "An internal text that is awaited"

    async def main():
        raise HTTPException(400, await text())

    asyncio.run(main())


def a_text_yielded_by_a_generator():
    def texts():
        yield "An internal text that is yielded"

    raise HTTPException(400, next(texts()))


def a_text_sent_to_a_generator():
    def wait():
        text = yield
        raise HTTPException(400, text)

    generator = wait()
    next(generator)
    generator.send(_secret())


def a_text_from_a_context_manager():
    @contextlib.contextmanager
    def connection():
        yield _secret()

    with connection() as text:
        raise HTTPException(400, text)


def a_text_from_a_property():
    class Row:
        @property
        def text(self):
            return "An internal text of a property"

    raise HTTPException(400, Row().text)


def a_text_from_a_missing_attribute():
    class Row:
        def __getattr__(self, name):
            return f"no {name}"

    raise HTTPException(400, Row().text)


def a_text_from_a_missing_attribute_of_a_module():
    raise HTTPException(400, getattr(words, "NONE", _secret()))


def a_global_from_the_environment():
    raise HTTPException(500, words.FROM_ENVIRONMENT)


def the_environment_itself():
    os.environ["LITERAL_APPLICATION_SECRET"] = _secret()
    raise HTTPException(500, os.environ["LITERAL_APPLICATION_SECRET"])


def a_global_from_a_file():
    raise HTTPException(500, words.FROM_FILE)


def a_global_that_was_computed():
    raise HTTPException(500, words.COMPUTED)


def a_global_that_was_formatted():
    raise HTTPException(500, words.FORMATTED)


def a_global_that_was_bound_again():
    words.REBOUND = _secret()
    raise HTTPException(500, words.REBOUND)


def a_global_that_a_test_patches():
    words.PATCHED = _secret()
    fail(words.PATCHED)


def a_class_attribute_that_was_computed():
    raise HTTPException(500, Messages.COMPUTED)


def a_class_attribute_that_was_bound_again():
    Messages.REBOUND = _secret()
    raise HTTPException(500, Messages.REBOUND)


def an_enum_member_that_was_computed():
    raise HTTPException(500, Reason.COMPUTED)


def the_value_of_an_enum_member_that_was_computed():
    raise HTTPException(500, Reason.COMPUTED.value)


def the_name_of_an_enum_member():
    raise HTTPException(500, Reason.EXPIRED.name)


def an_enum_member_that_was_numbered():
    raise HTTPException(500, Text.LOWER)


def an_enum_member_whose_value_was_changed():
    class Changing(Enum):
        WRONG = "The coupon is wrong"

    Changing.WRONG._value_ = _secret()
    raise HTTPException(500, Changing.WRONG)


def an_enum_member_with_another_text_than_its_value():
    raise HTTPException(500, words.Dressed.BARE)


def a_name_of_the_standard_library():
    raise HTTPException(500, sys.platform)


def a_constant_of_the_standard_library():
    import string

    raise HTTPException(500, string.digits)


def a_phrase_of_the_standard_library():
    from http import HTTPStatus

    raise HTTPException(404, HTTPStatus.NOT_FOUND.phrase)


def a_constant_of_an_installed_library():
    import literal_vendor

    raise HTTPException(500, literal_vendor.WORDS)


def a_class_attribute_of_an_installed_library():
    import literal_vendor

    raise HTTPException(500, literal_vendor.Words.OWN)


def a_constant_imported_from_an_installed_library():
    from literal_vendor import WORDS

    raise HTTPException(500, WORDS)


def a_literal_of_an_installed_library():
    import literal_vendor

    literal_vendor.fail()


def a_literal_of_an_installed_library_raised_again():
    import literal_vendor

    try:
        literal_vendor.fail()
    except HTTPException as error:
        raise error


def a_literal_of_an_installed_exception_class():
    import literal_vendor

    raise literal_vendor.LibraryError


def a_literal_of_an_inherited_installed_exception_class():
    import literal_vendor

    class Own(literal_vendor.LibraryError):
        pass

    raise Own


def the_phrase_that_the_framework_puts():
    raise HTTPException(418)


def a_literal_in_eval():
    eval("fail('Words in eval')", {"fail": fail})


def a_literal_in_exec():
    exec("raise HTTPException(400, 'Words in exec')", {"HTTPException": HTTPException})


def a_literal_in_exec_with_the_names_of_this_module():
    exec("TEXT = 'Words in exec'\ndef go(): raise HTTPException(400, TEXT)\ngo()", dict(globals()))


def a_literal_in_a_compiled_text():
    exec(compile("raise HTTPException(400, 'Words')", "<generated>", "exec"), dict(globals()))


def a_dict_with_one_bad_member():
    raise HTTPException(400, {"code": "SOLD_OUT", "message": "Sold out", "why": _secret()})


def a_dict_with_one_bad_key():
    raise HTTPException(400, {"code": "SOLD_OUT", _secret(): "Sold out"})


def a_dict_with_a_bad_number():
    raise HTTPException(400, {"code": "SOLD_OUT", "id": len(_secret())})


def a_dict_with_a_bad_number_as_key():
    raise HTTPException(400, {"code": "SOLD_OUT", len(_secret()): 1})


def a_dict_with_a_tuple_as_key():
    raise HTTPException(400, {("code", _secret()): "Sold out"})


def a_dict_with_a_bad_member_far_below():
    raise HTTPException(400, {"a": [{"b": [{"c": _secret()}]}]})


def a_dict_with_an_exception():
    raise HTTPException(400, {"error": ValueError("Sold out")})


def a_dict_with_an_object():
    raise HTTPException(400, {"error": object()})


def a_dict_with_bytes():
    raise HTTPException(400, {"error": b"Sold out"})


def a_dict_that_was_built_by_another_function():
    def describe():
        return {"code": _secret()}

    raise HTTPException(400, describe())


def a_dict_of_a_kind():
    raise HTTPException(400, defaultdict(str, code="Sold out"))


def a_dict_in_order():
    raise HTTPException(400, OrderedDict(code="Sold out"))


def a_dict_that_holds_itself():
    detail = {"code": "Sold out"}
    detail["self"] = detail
    raise HTTPException(400, detail)


def a_dict_that_is_too_wide():
    raise HTTPException(400, ["Sold out"] * 5000)


def a_list_with_one_bad_member():
    raise HTTPException(400, ["Sold out", _secret()])


def a_set():
    raise HTTPException(400, {"Sold out"})


def a_named_tuple():
    raise HTTPException(400, namedtuple("Detail", "code")("Sold out"))  # noqa: PYI024 - the plain kind


def a_dataclass():
    @dataclass
    class Detail:
        code: str

    raise HTTPException(400, Detail("Sold out"))


def a_subclass_of_str():
    raise HTTPException(400, Subclass("Sold out"))


def a_subclass_of_str_with_a_lying_comparison():
    raise HTTPException(400, Liar(_secret()) or "Sold out")


def a_user_string():
    raise HTTPException(400, UserString("Sold out"))


def an_object_that_pretends_to_be_a_string():
    raise HTTPException(400, Pretender())


def a_number_that_was_computed():
    raise HTTPException(400, len(_secret()) * 1000)


def a_float_that_equals_an_integer():
    raise HTTPException(400, {"limit": float(10 * len("x"))})


def a_complex_number():
    raise HTTPException(400, 1j)


def a_detail_that_was_changed_after_its_call():
    error = HTTPException(400, "Sold out")
    error.detail = _secret()
    raise error


def a_detail_that_was_changed_after_the_raise():
    try:
        raise HTTPException(400, "Sold out")
    except HTTPException as error:
        error.detail = _secret()
        raise


def a_detail_that_was_changed_on_a_global_exception():
    REUSED.detail = _secret()
    raise REUSED


def a_detail_that_was_changed_on_a_reused_exception():
    for text in ("first", "second"):
        REUSED.detail = f"{text}: {_secret()}"
        with contextlib.suppress(HTTPException):
            raise REUSED
    raise REUSED


def a_detail_that_was_changed_to_a_kept_literal():
    error = HTTPException(400, "Sold out")
    try:
        _work()
    except ValueError as cause:
        error.detail = cause.args[0]
    raise error


def a_word_added_by_the_exception_class():
    raise Rich("Sold out")


def a_class_attribute_that_the_exception_class_computes():
    raise Borrowing


def a_text_that_the_exception_class_looks_up():
    raise Looking("Sold out")


def a_text_through_five_helpers():
    helpers.one(_secret())


def a_text_through_a_helper_by_keyword():
    helpers.fail_by_keyword(detail=_secret())


def a_text_through_an_installed_library():
    import literal_vendor

    literal_vendor.abort(400, _secret())


def a_text_in_star_arguments():
    raise HTTPException(*(400, _secret()))


def a_text_in_keyword_stars():
    raise HTTPException(**{"status_code": 400, "detail": _secret()})


def a_text_through_a_lambda():
    (lambda text: fail(text))(_secret())


def a_text_in_a_comprehension():
    raise HTTPException(400, [text for text in (_secret(),)])


def a_text_through_a_coroutine():
    asyncio.run(helpers.fail_later(_secret()))


def a_text_through_a_task():
    async def main():
        await asyncio.create_task(helpers.fail_later(_secret()))

    asyncio.run(main())


def a_text_through_a_thread():
    async def main():
        await asyncio.to_thread(fail, _secret())

    asyncio.run(main())


def a_text_thrown_into_a_generator():
    def wait():
        yield "A text that stands where it waits"

    generator = wait()
    next(generator)
    generator.throw(HTTPException(400, _secret()))


def a_failure_of_a_task_with_its_traceback():
    async def work():
        raise ValueError("The internal words of a task")

    async def main():
        for found in await asyncio.gather(work(), return_exceptions=True):
            raise HTTPException(500, str(found)).with_traceback(found.__traceback__)

    asyncio.run(main())


def a_kept_failure_with_its_traceback():
    kept = None
    try:
        _work()
    except ValueError as error:
        kept = error
    raise HTTPException(500, str(kept)).with_traceback(kept.__traceback__)


def a_kept_failure_of_a_module_with_its_traceback():
    kept = None
    try:
        raise helpers.HTTPException.__mro__[1]("The internal words of a plain exception")
    except Exception as error:
        kept = error
    raise HTTPException(500, kept.args[0]).with_traceback(None)


def an_assertion():
    try:
        assert KEPT is None, "An internal assertion"
    except AssertionError as error:
        raise HTTPException(500, str(error))
    raise HTTPException(500, _secret())


def an_assertion_before_the_raise():
    assert KEPT is not None, "An internal assertion that holds"
    raise HTTPException(500, KEPT or _secret())


def an_equal_text_beside_its_constant():
    raise HTTPException(400, "".join(("Sold", " out")) if KEPT is not None else "Sold out")


def an_equal_text_of_a_constant():
    raise HTTPException(400, "".join(list(words.SOLD_OUT)))


def an_equal_text_of_a_class_attribute():
    raise HTTPException(400, "".join(list(Messages.NOT_FOUND)))


def an_equal_text_of_a_local():
    message = "The words of a local"
    raise HTTPException(400, "".join(list(message)))


def an_equal_text_of_the_exception_class():
    class Equal(HTTPException):
        WORDS = "The words of the class"

        def __init__(self):
            super().__init__(400, "".join(list(self.WORDS)))

    raise Equal


def the_name_of_a_keyword():
    raise HTTPException(status_code=400, detail=sys.intern("".join(("det", "ail"))))


def the_name_of_an_attribute():
    raise HTTPException(400, sys.intern("".join(("SOLD", "_OUT"))) if words.SOLD_OUT else None)


def the_name_of_a_local():
    something = sys.intern("".join(("some", "thing")))
    raise HTTPException(400, something)


def a_constant_of_a_decorator_of_the_exception_class():
    raise Annotated


def a_constant_of_a_function_in_a_class_body():
    class Body:
        def text(self):
            return "An internal text in a class body"

        words = text(None)
        raise HTTPException(400, words)

    return Body


def an_item_whose_key_says_the_same():
    errors = {"timeout": HTTPException(400, sys.intern("".join(("time", "out"))))}
    error = errors["timeout"]
    raise error


def an_item_that_was_computed():
    raise HTTPException(400, words.TABLE["computed"])


def an_item_that_was_put_in_later():
    words.TABLE["late"] = _secret()
    raise HTTPException(400, words.TABLE["late"])


def an_item_that_was_replaced():
    table = {**words.TABLE}
    table["missing"] = "".join(list(table["missing"]))
    raise HTTPException(400, table["missing"] if words.TABLE else None)


def an_item_that_says_what_was_raised():
    try:
        raise ValueError("An internal text for a table")
    except ValueError as error:
        words.TABLE["told"] = error.args[0]
    raise HTTPException(400, words.TABLE["told"])


def a_key_of_a_table():
    raise HTTPException(400, next(iter(words.TABLE)))


def a_key_of_a_large_table():
    raise HTTPException(400, list(words.LARGE)[-1])


def an_exception_in_a_table_that_was_computed():
    raise words.READY_COMPUTED["late"]


def a_local_that_reads_what_was_raised():
    kept = ValueError("An internal text that is kept")
    text = kept.args[0]
    raise HTTPException(400, text)


def a_local_that_reads_the_attribute_of_an_exception():
    kept = InternalError("An internal detail that is kept")
    text = kept.detail
    raise HTTPException(400, text)


def a_local_that_reads_a_local_of_what_was_raised():
    try:
        raise ValueError("An internal text of a first local")
    except ValueError as error:
        first = str(error)
    second = first
    raise HTTPException(400, second)


def a_display_that_holds_what_was_raised():
    kept = {"text": str(ValueError("An internal text in a display"))}
    raise HTTPException(400, kept["text"])


def an_instance_that_was_told_what_was_raised():
    kept = words.Specification(400, str(ValueError("An internal text for an instance")))
    raise HTTPException(400, kept.words)


def a_local_of_the_function_around_that_was_raised():
    text = "Nothing"

    def refuse():
        raise HTTPException(400, text)

    text = str(ValueError("An internal text of the function around"))
    refuse()


def a_default_that_was_raised():
    def refuse(text=str(ValueError("An internal default".upper()))):  # noqa: B008 - computed
        raise HTTPException(400, text)

    refuse()


def a_factory_that_tells_what_was_raised():
    try:
        raise ValueError("An internal text for a factory")
    except ValueError as error:
        kept = error
    raise helpers.make_of(kept)


def a_factory_that_catches():
    raise helpers.make_of_caught()


def a_factory_with_a_computed_local():
    raise helpers.make_of_kept()


def a_factory_of_another_exception():
    raise HTTPException(400, str(helpers.make_internal()))


def a_factory_that_is_only_named():
    raise HTTPException(400, helpers.make_internal().args[0] if helpers.make_gone else None)


def the_name_of_a_keyword_as_a_value():
    kept = {"code": sys.intern("".join(("det", "ail")))}
    raise HTTPException(status_code=400, detail=kept)


def the_docstring_of_a_function():
    raise HTTPException(400, the_docstring_of_a_function.__doc__ or _secret())


def the_slots_of_a_class():
    raise HTTPException(400, SlottedError.__slots__[0])


def the_name_of_a_slot_by_a_table():
    raise HTTPException(400, vars(words.SPECIFIED).copy().popitem()[0])


def a_default_of_the_environment_in_a_table():
    raise HTTPException(400, words.CONFIGURED["host"])


def a_default_of_the_environment_in_a_table_of_a_class():
    raise HTTPException(400, words.Refusal.CONFIGURED["host"])


def a_default_of_the_environment_in_an_instance():
    raise HTTPException(400, words.SPECIFIED_BY_ENVIRONMENT.words)


def a_default_of_the_environment_as_a_default():
    def refuse(text=os.environ.get("LITERAL_APPLICATION_UNSET", "a default of a default")):  # noqa: B008
        raise HTTPException(400, text)

    refuse()


def the_name_of_a_logger():
    raise HTTPException(400, words.LOGGER.name)


def words_of_code_that_names_a_file():
    code = compile("raise HTTPException(400, 'The words of a rule')", "rules/discount.rule", "exec")
    exec(code, {"HTTPException": HTTPException})


def words_of_code_that_names_this_file():
    code = compile("raise HTTPException(400, 'The words of a rule')", __file__, "exec")
    exec(code, {"HTTPException": HTTPException})


def what_the_exception_class_itself_has_caught():
    raise Catching
