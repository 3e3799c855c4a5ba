import asyncio
import importlib.util
import json
import linecache
import os
import py_compile
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

import tightlip
from tightlip.translation.bytecode import code_of
from tightlip.translation.literal import live_places, places_of, prove, source_of

HERE = Path(__file__).parent
VENDOR = """
from starlette.exceptions import HTTPException

WORDS = "The library's own words"


class Words:
    OWN = "The words of a class of the library"


class LibraryError(HTTPException):
    def __init__(self):
        super().__init__(500, "The words of an exception of the library")


def abort(status, detail):
    raise HTTPException(status, detail)


def call(function):
    return function()


def fail():
    raise HTTPException(500, "A literal of the library")
"""
REUSED = HTTPException(400, "Words of a reused exception")
HERE_CONSTANT = "A constant of a module that pytest rewrote"


def _load_package(name, folder):
    specification = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return importlib.import_module(f"{name}.run")


RUN = _load_package("literal_application", HERE / "literal_application")
HONEST = RUN.functions("honest")
SMUGGLING = RUN.functions("smuggling")
LIMITS = RUN.functions("limits")


@pytest.fixture(autouse=True, scope="module")
def vendor(tmp_path_factory):
    """An installed library, as its path says."""
    packages = tmp_path_factory.mktemp("environment") / "site-packages"
    (packages / "literal_vendor").mkdir(parents=True)
    (packages / "literal_vendor" / "__init__.py").write_text(VENDOR)
    sys.path.insert(0, str(packages))
    yield packages
    sys.path.remove(str(packages))
    sys.modules.pop("literal_vendor", None)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Write a module of an application and import it."""
    monkeypatch.syspath_prepend(tmp_path)
    names = []

    def load(source, name="application_of_a_test"):
        file = tmp_path / (name.replace(".", "/") + ".py")
        file.parent.mkdir(exist_ok=True)
        file.write_text(source)
        names.append(name)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield load
    for name in list(sys.modules):
        if name.partition(".")[0] in {loaded.partition(".")[0] for loaded in names}:
            del sys.modules[name]


def _caught(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return error
    pytest.fail("nothing was raised")


def _verdict(function, *arguments):
    error = _caught(function, *arguments)
    return prove(error.detail, error, places_of(error))


@pytest.mark.parametrize("name", HONEST)
def test_honest_words_may_leave(name):
    verdict = RUN.judge(HONEST[name])
    assert verdict.declared, verdict


@pytest.mark.parametrize("name", SMUGGLING)
def test_smuggled_words_may_not_leave(name):
    verdict = RUN.judge(SMUGGLING[name])
    assert not verdict.declared
    assert verdict.reason
    assert "proof failed" not in verdict.reason


@pytest.mark.parametrize("name", LIMITS)
def test_words_behind_a_known_limit_are_withheld(name):
    verdict = RUN.judge(LIMITS[name])
    assert not verdict.declared
    assert "proof failed" not in verdict.reason


def test_the_ways_are_as_many_as_promised():
    assert len(SMUGGLING) >= 60
    assert len(HONEST) >= 30


def _run_child(vendor, *options):
    script = (
        "import runpy, sys; sys.path[:0] = sys.argv[1:];"
        "runpy.run_module('literal_application.run', run_name='__main__', alter_sys=True)"
    )
    child = subprocess.run(
        [sys.executable, *options, "-c", script, str(HERE), str(vendor)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout)


@pytest.mark.parametrize("option", ["-O", "-OO"])
def test_optimised_code_gives_the_same_verdicts(vendor, option):
    found = _run_child(vendor, option)
    assert [name for name, declared in found["honest"].items() if not declared] == []
    assert [name for name, declared in found["smuggling"].items() if declared] == []
    assert [name for name, declared in found["limits"].items() if declared] == []
    assert found["honest"].keys() == HONEST.keys()


def test_without_debug_ranges_only_the_exception_class_speaks(vendor):
    found = _run_child(vendor, "-X", "no_debug_ranges")
    declared = {name for name, declared in found["honest"].items() if declared}
    assert declared == {
        "an_empty_dict",
        "an_exception_class_below",
        "an_exception_class_that_is_a_dataclass",
        "an_exception_class_that_is_local",
        "an_exception_class_whose_detail_is_an_attribute",
        "an_exception_class_with_a_class_method",
        "an_exception_class_with_a_multiline_docstring",
        "an_exception_class_with_a_number",
        "an_exception_class_with_a_static_method",
        "an_exception_class_with_an_attribute",
        "an_exception_class_with_defaults",
        "an_exception_class_with_its_words",
        "an_exception_class_with_its_words_called",
        "a_property_of_the_exception_class",
    }
    assert [name for name, declared in found["smuggling"].items() if declared] == []
    assert [name for name, declared in found["limits"].items() if declared] == []


def test_code_without_positions_proves_nothing():
    def handler():
        raise HTTPException(400, "Words without a place")

    assert _verdict(handler).declared
    handler.__code__ = handler.__code__.replace(co_linetable=b"")
    assert not _verdict(handler).declared


def test_a_constant_of_a_module_without_a_reading_loader_counts():
    def handler():
        raise HTTPException(400, HERE_CONSTANT)

    assert not hasattr(__loader__, "get_code")
    assert _verdict(handler).declared


@pytest.mark.parametrize(
    ("declaration", "declared"),
    [
        ("WORDS = 'Words among many'", True),
        ("WORDS = 'Words among many' if len(NAMES) else 'No words'", True),
        ("from application_of_words import WORDS", True),
        ("WORDS = ''.join(('Words ', 'among many'))", False),
    ],
)
def test_modules_with_more_names_than_fit_one_byte_are_read_right(load, declaration, declared):
    load("WORDS = 'Words among many'", "application_of_words")
    many = "\n".join(f"name_{number} = 'constant {number}'" for number in range(400))
    source = "from starlette.exceptions import HTTPException\nNAMES = [1]\n"
    body = "\n    ".join(f"local_{number} = 'local {number}'" for number in range(400))
    source += f"{many}\n{declaration}\ndef go():\n    {body}\n    raise HTTPException(400, WORDS)\n"
    assert _verdict(load(source).go).declared is declared


def test_modules_that_import_a_name_from_one_another_are_no_circle(load, tmp_path):
    (tmp_path / "circle").mkdir()
    (tmp_path / "circle" / "second.py").write_text("from circle.first import X\n")
    load("X = ''.join(('round ', 'and round'))\nfrom circle.second import X\n", "circle.first")
    module = load(
        "from circle.first import X\nfrom starlette.exceptions import HTTPException\n"
        "def go():\n    raise HTTPException(400, X)\n",
        "circle.raising",
    )
    verdict = _verdict(module.go)
    assert not verdict.declared
    assert "proof failed" not in verdict.reason


def test_a_relative_import_without_a_package_proves_nothing_and_raises_nothing(load):
    module = load(
        "from starlette.exceptions import HTTPException\nWORDS = ''.join(('re', 'bound'))\n"
        "def go():\n    raise HTTPException(400, WORDS)\n"
        "if not WORDS:\n    from .words import WORDS\n"
    )
    verdict = _verdict(module.go)
    assert not verdict.declared
    assert "proof failed" not in verdict.reason


def test_a_module_that_imports_with_and_without_a_package_counts(load):
    load("WORDS = 'Words from beside'", "beside_the_application")
    module = load(
        "from starlette.exceptions import HTTPException\n"
        "try:\n    from .beside_the_application import WORDS\n"
        "except ImportError:\n    from beside_the_application import WORDS\n"
        "def go():\n    raise HTTPException(400, WORDS)\n"
    )
    assert _verdict(module.go).declared


def test_a_module_from_a_zip_file_counts(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "application.zip", "w") as archive:
        archive.writestr(
            "zipped_application.py",
            "from starlette.exceptions import HTTPException\nGONE = 'Gone with the zip'\n"
            "def go():\n    raise HTTPException(400, GONE)\n",
        )
    monkeypatch.syspath_prepend(tmp_path / "application.zip")
    module = importlib.import_module("zipped_application")
    assert _verdict(module.go).declared
    del sys.modules["zipped_application"]


def test_a_module_without_its_source_counts(tmp_path, monkeypatch):
    source = tmp_path / "bare_application.py"
    source.write_text(
        "from starlette.exceptions import HTTPException\nGONE = 'Gone without source'\n"
        "def go():\n    raise HTTPException(400, GONE)\n"
    )
    py_compile.compile(str(source), cfile=str(tmp_path / "bare_application.pyc"))
    source.unlink()
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("bare_application")
    assert _verdict(module.go).declared
    del sys.modules["bare_application"]


def test_a_module_whose_file_is_gone_proves_no_constant(load):
    module = load(
        "from starlette.exceptions import HTTPException\nGONE = 'Gone'\n"
        "def go():\n    raise HTTPException(400, GONE)\n"
    )

    class Loader:
        def get_code(self, name):
            raise RuntimeError(name)

    module.__loader__ = Loader()
    Path(module.__file__).unlink()
    assert not _verdict(module.go).declared


def test_a_loader_that_gives_no_code_leaves_the_file_to_be_read(load):
    module = load(
        "from starlette.exceptions import HTTPException\nimport xml.dom.minidom as far\n"
        "GONE = 'Gone'\ndef go():\n    raise HTTPException(400, GONE)\n"
    )

    class Loader:
        def get_code(self, name):
            return "no code"

    module.__loader__ = Loader()
    assert _verdict(module.go).declared


def test_an_empty_slot_of_another_exception_says_nothing():
    class SlottedError(Exception):
        __slots__ = ("held",)

    def handler():
        try:
            raise SlottedError
        except SlottedError:
            raise HTTPException(400, "Words after an empty slot")

    assert _verdict(handler).declared


def test_a_namespace_that_claims_to_be_a_module_proves_only_what_the_module_binds():
    source = "def go():\n    raise HTTPException(400, FORGED)\n"
    names = {**vars(sys.modules["literal_application.words"]), "FORGED": "".join(("for", "ged"))}
    exec(compile(source, str(HERE / "forged.py"), "exec"), names)
    assert not _verdict(names["go"]).declared


def test_members_of_a_group_are_proved_on_their_own():
    def handler():
        try:
            raise ExceptionGroup("several", [ValueError("internal"), KeyError("internal")])
        except* ValueError:
            raise HTTPException(400, "Words from a star clause")
        except* KeyError:
            raise HTTPException(400, "Words from another star clause")

    group = _caught(handler)
    for member in group.exceptions:
        assert prove(member.detail, member, places_of(member)).declared
        assert not prove("internal", member, places_of(member)).declared
    assert not prove("".join(("in", "ternal")), member, places_of(member)).declared


def test_a_reused_exception_is_proved_at_a_bounded_number_of_places():
    def handler():
        raise REUSED

    for _ in range(3000):
        error = _caught(handler)
    assert error is REUSED
    assert len(places_of(error)) == 2
    assert prove(error.detail, error, places_of(error)).declared


def test_a_deep_recursion_is_one_place():
    def descend(depth):
        if depth == 0:
            raise HTTPException(400, "Words at the bottom")
        descend(depth - 1)

    error = _caught(descend, 300)
    assert len(places_of(error)) == 3
    assert prove(error.detail, error, places_of(error)).declared


def test_the_source_is_the_line_that_raised():
    def handler():
        try:
            raise HTTPException(400, "".join(("not ", "declared")))
        finally:
            pass

    error = _caught(handler)
    file, _, line = prove(error.detail, error, places_of(error)).source.rpartition(":")
    assert file == __file__
    assert "raise HTTPException(400, " in linecache.getline(file, int(line))
    assert source_of([]) is None


def test_an_exception_that_was_never_raised_has_no_place():
    error = HTTPException(400, "Words without a raise")
    assert places_of(error) == []
    assert not prove(error.detail, error, []).declared


@pytest.mark.parametrize("value", [None, True, False, {}, [], ()])
def test_values_that_say_nothing_may_leave(value):
    assert prove(value, None, []).declared


def test_the_words_of_a_plain_exception_are_proved_the_same_way():
    validate = sys.modules["literal_application.helpers"].validate
    for value in ("email", "age"):
        error = _caught(validate, value, None)
        assert prove(error.args[0], error, places_of(error)).declared
        assert not prove("".join(list(error.args[0])), error, places_of(error)).declared
    error = _caught(validate, "name", "".join(("not ", "declared")))
    assert not prove(error.args[0], error, places_of(error)).declared


# Words that are sent, not raised.


def _send(text):
    places = live_places(sys._getframe(1))
    return prove(text, None, places), source_of(places)


def test_words_that_are_sent_are_proved_by_the_running_frames():
    verdict, source = _send("Goodbye")
    assert verdict.declared
    assert source.startswith(f"{__file__}:")


def test_a_text_that_is_sent_is_withheld():
    text = "".join(("good", "bye"))
    assert not _send(text)[0].declared


def test_words_that_are_sent_by_a_coroutine_are_proved():
    async def close(reason):
        return _send(reason)[0]

    async def handler():
        return await close("Goodbye from a coroutine")

    assert asyncio.run(handler()).declared


def test_the_text_of_the_exception_in_hand_is_not_sent():
    try:
        raise ValueError("Goodbye forever")
    except ValueError:
        assert not _send("Goodbye forever")[0].declared
    assert _send("Goodbye forever")[0].declared


def test_a_call_that_gave_nothing_does_not_vouch_for_its_words():
    kept = []
    nothing = kept.append("Goodbye, server 4")
    assert not _send(nothing or kept[0])[0].declared


def test_what_stands_around_the_server_does_not_count():
    names = {}
    file = str(Path(tightlip.__file__).parent / "protocols" / "planted.py")
    exec(
        compile("def serve(application, host):\n    return application(host)", file, "exec"), names
    )

    def application(host):
        return _send(host)[0]

    assert application("host-of-the-server").declared
    assert not names["serve"](application, "host-of-the-server").declared


def test_frames_of_our_own_above_the_call_are_passed_over():
    names = {"getframe": sys._getframe}
    file = str(Path(tightlip.__file__).parent / "protocols" / "planted.py")
    exec(compile("def send():\n    return getframe(0)", file, "exec"), names)
    frame = names["send"]()
    assert live_places(frame)[0][0] is sys._getframe(0)
    assert live_places(None) == []


# Hostile objects: nothing of theirs is run, and nothing of theirs is raised.


class Alarm(BaseException):
    pass


def _alarm(*arguments, **options):
    raise Alarm


HOSTILE_NAMES = [
    "__getattribute__", "__getattr__", "__eq__", "__ne__", "__str__", "__repr__", "__len__",
    "__bool__", "__iter__", "__getitem__", "__contains__", "__format__", "__int__", "__float__",
    "__index__", "__get__", "__lt__", "__call__", "__reduce_ex__", "__instancecheck__",
]  # fmt: skip


def _hostile_class(*bases, **extra):
    members = dict.fromkeys(HOSTILE_NAMES, _alarm)
    members["__hash__"] = _alarm
    members["__class__"] = property(_alarm)
    members["__slots__"] = ()
    return type("Hostile", bases, {**members, **extra})


HOSTILE = {
    "object": _hostile_class(object),
    "str": _hostile_class(str),
    "int": _hostile_class(int),
    "float": _hostile_class(float),
    "dict": _hostile_class(dict),
    "list": _hostile_class(list),
    "tuple": _hostile_class(tuple),
    "bytes": _hostile_class(bytes),
}


@pytest.mark.parametrize("base", HOSTILE)
def test_a_hostile_detail_is_withheld_and_not_run(base):
    def handler(value):
        error = HTTPException(400, "Sold out")
        error.detail = value
        raise error

    hostile = HOSTILE[base]()
    for value in (hostile, [hostile], (hostile,), {"key": hostile}):
        error = _caught(handler, value)
        verdict = prove(error.detail, error, places_of(error))
        assert not verdict.declared
        assert "Hostile" in verdict.reason


@pytest.mark.parametrize("base", HOSTILE)
def test_a_hostile_object_in_the_expression_is_not_run(base):
    def handler(hostile, detail):
        raise HTTPException(400, detail) if detail else hostile.words.below.value

    text = "".join(("not ", "declared"))
    assert not _verdict(handler, HOSTILE[base](), text).declared


def test_a_hostile_object_among_the_globals_is_not_run(load):
    module = load(
        "from starlette.exceptions import HTTPException\nhostile = None\n"
        "def go(detail):\n    raise HTTPException(400, detail) if detail else hostile.words\n"
    )
    module.hostile = HOSTILE["object"]()
    assert not _verdict(module.go, "".join(("not ", "declared"))).declared
    module.__name__ = HOSTILE["str"]()
    module.__package__ = HOSTILE["str"]()
    assert not _verdict(module.go, "".join(("not ", "declared"))).declared


def test_a_hostile_module_is_not_run(load):
    class Module(types.ModuleType):
        __getattribute__ = _alarm
        __getattr__ = _alarm
        __dict__ = property(_alarm)

    module = load(
        "from starlette.exceptions import HTTPException\nhostile = None\n"
        "def go(detail):\n    raise HTTPException(400, detail) if detail else hostile.words\n"
    )
    module.hostile = Module("hostile")
    assert not _verdict(module.go, "".join(("not ", "declared"))).declared


def test_a_hostile_class_is_not_run(load):
    class Meta(type):
        def __getattribute__(cls, name):
            raise Alarm

        __instancecheck__ = __subclasscheck__ = __eq__ = _alarm
        __hash__ = type.__hash__
        __mro__ = property(_alarm)

    class Hostile(metaclass=Meta):
        WORDS = "The words of a hostile class"

    def handler(detail):
        raise HTTPException(400, detail) if detail else Hostile.WORDS.below

    assert not _verdict(handler, "".join(("not ", "declared"))).declared
    assert _verdict(handler, vars_of(Hostile)["WORDS"]).declared


def test_a_hostile_class_body_is_not_run():
    class Names(dict):
        __contains__ = keys = get = __iter__ = _alarm

    class Meta(type):
        @classmethod
        def __prepare__(cls, name, bases):
            return Names()

    def handler():
        class Body(metaclass=Meta):
            words = "".join(("not ", "declared"))
            raise HTTPException(400, words)

        return Body

    verdict = _verdict(handler)
    assert not verdict.declared
    assert "proof failed" not in verdict.reason


def vars_of(cls):
    return type.__dict__["__dict__"].__get__(cls)


def _hostile_exception_class(base, **extra):
    members = {
        name: property(_alarm)
        for name in ("args", "__dict__", "__cause__", "__context__", "__traceback__", "__class__")
    }
    members |= {"__str__": _alarm, "__repr__": _alarm, "__getattr__": _alarm, "__eq__": _alarm}
    return type("HostileError", (base,), {**members, "__hash__": base.__hash__, **extra})


def test_a_hostile_exception_in_the_chain_is_not_run():
    hostile = _hostile_exception_class(ValueError)

    def handler(told):
        try:
            raise hostile(told)
        except ValueError:
            raise HTTPException(400, "Words after a hostile exception")

    assert _verdict(handler, "something else").declared
    assert not _verdict(handler, "Words after a hostile exception").declared


def test_a_hostile_group_in_the_chain_is_not_run():
    hostile = _hostile_exception_class(ExceptionGroup, exceptions=property(_alarm))

    def handler(told):
        try:
            raise hostile("several", [ValueError(told)])
        except ExceptionGroup:
            raise HTTPException(400, "Words after a hostile group")

    assert _verdict(handler, "something else").declared
    assert not _verdict(handler, "Words after a hostile group").declared


def test_a_hostile_exception_that_brings_the_words_is_not_run():
    hostile = _hostile_exception_class(HTTPException)

    def handler():
        raise hostile(400, "Words in a hostile exception")

    try:
        handler()
    except HTTPException as error:
        caught = error
    assert prove("".join(("not ", "declared")), caught, places_of(caught)).source
    detail = BaseException.__dict__["__dict__"].__get__(caught)["detail"]
    assert prove(detail, caught, places_of(caught)).declared


def test_the_text_of_an_exception_may_be_a_hostile_string():
    class Told(HOSTILE["str"]):
        __slots__ = ()

    class Telling(Exception):
        def __str__(self):
            return Told("Words that are told in disguise")

    def handler():
        try:
            raise Telling
        except Telling:
            raise HTTPException(400, "Words that are told in disguise")

    assert not _verdict(handler).declared


def test_a_hostile_dict_of_an_exception_is_not_run():
    class Held(dict):
        values = __iter__ = __len__ = items = _alarm

    def handler():
        error = ValueError()
        try:
            error.__dict__ = Held(words="Words in a hostile dict")
            raise error
        except ValueError:
            raise HTTPException(400, "Words in a hostile dict")

    assert not _verdict(handler).declared


@pytest.mark.parametrize("link", ["__cause__", "__context__"])
def test_a_chain_that_runs_in_a_circle_ends(link):
    first, second = ValueError("first"), ValueError("second")
    setattr(first, link, second)
    setattr(second, link, first)

    def handler():
        raise HTTPException(400, "Words beside a circle") from first

    assert _verdict(handler).declared


@pytest.mark.parametrize(
    "broken",
    [
        lambda code: code.replace(co_code=b"\xff" * len(code.co_code)),
        lambda code: code.replace(co_linetable=b"\xff\xff\xff"),
        lambda code: code.replace(co_consts=()),
    ],
)
def test_code_that_cannot_be_read_proves_nothing_and_raises_nothing(broken):
    def handler():
        raise HTTPException(400, "Words in broken code")

    error = _caught(handler)
    frame = types.SimpleNamespace(
        f_code=broken(handler.__code__), f_globals={}, f_builtins={}, f_locals={}, f_lineno=1
    )
    assert not prove(error.detail, error, [(frame, 4)]).declared


def test_the_code_of_a_function_that_is_gone_is_forgotten():
    from tightlip.translation import bytecode

    names = {}
    exec("def go():\n    return 1", names)
    key = id(names["go"].__code__)
    code_of(names["go"].__code__)
    assert key in bytecode._codes
    names.clear()
    assert key not in bytecode._codes


# Generated programs: the words travel through any nesting of calls.

WORDS = "Planted words"
LAYERS = {
    "call": "    return {below}(text)",
    "keyword": "    return {below}(text=text)",
    "stars": "    return {below}(*(text,))",
    "two stars": "    return {below}(**dict(text=text))",
    "branch": "    if text:\n        return {below}(text)\n    return note('Planted words')",
    "conditional": "    return {below}(text) if text else note('Planted words')",
    "local": "    kept = text\n    return {below}(kept)",
    "finally": "    try:\n        return {below}(text)\n    finally:\n        note('Planted words')",
    "with": "    with nullcontext('Planted words'):\n        return {below}(text)",
    "loop": "    for _ in range(2):\n        {below}(text)",
    "generator": "    def inner():\n        yield {below}(text)\n    return list(inner())",
    "comprehension": "    return [{below}(each) for each in (text,)]",
    "lambda": "    return (lambda: {below}(text))()",
    "coroutine": "    async def inner():\n        return {below}(text)\n    return run(inner())",
    "again": "    try:\n        return {below}(text)\n    except HTTPException:\n        raise",
    "noise": "    note('Planted words')\n    decoy = 'Planted words'\n    note(decoy)\n"
    "    return {below}(text)",
    "library": "    import literal_vendor\n    return literal_vendor.call(lambda: {below}(text))",
}
LITERALS = {
    "argument": "    return {below}('Planted words')",
    "keyword": "    return {below}(text='Planted words')",
    "local": "    words = 'Planted words'\n    return {below}(words)",
    "constant": "    return {below}(CONSTANT)",
    "class": "    return {below}(Words.HELD)",
    "enum": "    return {below}(Choice.HELD.value)",
    "over lines": "    return {below}(\n        'Planted '\n        'words'\n    )",
}
TEXTS = {
    "joined": "    return {below}(' '.join(['Planted', 'words']))",
    "formatted": "    planted = 'Planted'\n    return {below}(f'{{planted}} words')",
    "summed": "    planted = 'Planted '\n    return {below}(planted + 'words')",
    "sliced": "    return {below}('xPlanted words'[1:])",
    "decoded": "    return {below}(b'Planted words'.decode())",
    "computed constant": "    return {below}(COMPUTED)",
    "caught": "    try:\n        raise ValueError(' '.join(('Planted', 'words')))\n"
    "    except ValueError as error:\n        text = str(error)\n    return {below}(text)",
    "caught literal": "    try:\n        raise ValueError('Planted words')\n"
    "    except ValueError as error:\n        text = str(error)\n    return {below}(text)",
    "returned": "    return {below}(given())",
    "kept": "    KEPT.append('Planted words')\n    return {below}(KEPT.pop())",
    "bound again": "    text = 'Planted words'\n    text = ' '.join(('Planted', 'words'))\n"
    "    return {below}(text)",
}
HEAD = """
from asyncio import run
from contextlib import nullcontext
from enum import Enum
from starlette.exceptions import HTTPException

CONSTANT = 'Planted words'
COMPUTED = ' '.join(['Planted', 'words'])
KEPT = []

class Words:
    HELD = 'Planted words'

class Choice(Enum):
    HELD = 'Planted words'

def note(text):
    return len(text)

def given():
    return 'Planted words'

def raising(text):
    note('Planted words')
    raise HTTPException(400, text)
"""


def _program(origin, layers):
    below, parts = "raising", [HEAD]
    for number, layer in enumerate(layers):
        if layer == "coroutine" and "coroutine" in layers[:number]:
            layer = "call"  # noqa: PLW2901 - a loop of events runs in no other
        parts.append(f"def layer_{number}(text):\n{LAYERS[layer].format(below=below)}\n")
        below = f"layer_{number}"
    parts.append(f"def go():\n{origin.format(below=below)}\n")
    return "\n".join(parts)


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    count = iter(range(10**9))

    def run(source):
        name = f"generated_application_{next(count)}"
        file = folder / f"{name}.py"
        file.write_text(source)
        specification = importlib.util.spec_from_file_location(name, file)
        module = sys.modules[name] = importlib.util.module_from_spec(specification)
        try:
            specification.loader.exec_module(module)
            error = _caught(module.go)
            assert error.detail == WORDS
            return prove(error.detail, error, places_of(error))
        finally:
            del sys.modules[name]

    return run


nesting = st.lists(st.sampled_from(sorted(LAYERS)), max_size=6)


@given(origin=st.sampled_from(sorted(LITERALS)), layers=nesting)
@settings(deadline=None, max_examples=150)
def test_a_planted_literal_passes_through_any_nesting(programs, origin, layers):
    assert programs(_program(LITERALS[origin], layers)).declared


@given(origin=st.sampled_from(sorted(TEXTS)), layers=nesting)
@settings(deadline=None, max_examples=150)
def test_a_planted_text_passes_through_no_nesting(programs, origin, layers):
    assert not programs(_program(TEXTS[origin], layers)).declared


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("origins", "origin"),
    [(origins, origin) for origins in ("LITERALS", "TEXTS") for origin in globals()[origins]],
)
def test_each_origin_through_each_layer(programs, layer, origins, origin):
    verdict = programs(_program(globals()[origins][origin], [layer]))
    assert verdict.declared is (origins == "LITERALS")
