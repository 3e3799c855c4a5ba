from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import subprocess
import sys
import textwrap
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import anyio.to_thread
import pytest

import tightlip
from tightlip.detection import raises
from tightlip.detection.exception_text import texts_of
from tightlip.detection.note import LONGEST_TEXT
from tightlip.detection.raises import MOST_FIRST, MOST_LAST, MOST_STRAYS, open_notebook

SECRET = "ledger 7 is locked by the night run"

needs_monitoring = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="the interpreter tells no raises"
)


class Trouble(Exception):
    pass


@pytest.fixture(autouse=True)
def alone():
    """Forget what the shields of other tests asked for, and their requests that were cut off."""
    raises.stop()
    raises._open.clear()
    raises._strays.clear()


@pytest.fixture
def told():
    if not raises.start():
        pytest.skip("the interpreter tells no raises")
    yield
    raises.stop()


# A notebook is opened in a test's own body: pytest raises much between fixture and test.


def texts(notebook):
    return [text for note in notebook.notes() for text in texts_of(note)]


def caught(kind, *arguments):
    try:
        raise kind(*arguments)
    except kind:
        pass


def run(program, *, name="program.py", command=(), **environment):
    """Run `program` in a child that has a notebook at hand; return what it prints."""
    preamble = "import sys\nfrom tightlip.detection import raises\n"
    preamble += "from tightlip.detection.exception_text import texts_of\n"
    preamble += "texts = lambda notebook: [t for n in notebook.notes() for t in texts_of(n)]\n"
    path = Path(name)
    path.write_text(preamble + textwrap.dedent(program), "utf-8")
    source = str(Path(tightlip.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, *command, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": source, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture
def in_child(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return run


# Where the interpreter tells nothing


def test_nothing_is_noted_before_it_is_asked_for():
    with open_notebook() as notebook:
        caught(ValueError, SECRET)
        assert notebook.is_empty
        assert notebook.notes() == []


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the interpreter tells raises")
def test_an_interpreter_that_tells_nothing_says_so():
    assert raises.start() is False
    raises.stop()


def test_the_edge_hands_over_an_exception_with_all_that_stand_behind_it():
    try:
        try:
            try:
                raise Trouble("the innermost of the three")
            except Trouble as trouble:
                raise ValueError("hidden from its reader") from trouble
        except ValueError:
            raise ExceptionGroup(
                "a group of two more", [Trouble("a member of the group")]
            ) from None
    except ExceptionGroup as group:
        exception = group
    with open_notebook() as notebook:
        notebook.add(exception)
        assert not notebook.is_empty
        assert set(texts(notebook)) == {
            "a group of two more (1 sub-exception)",
            "a group of two more",
            "a member of the group",
            "hidden from its reader",
            "the innermost of the three",
        }


def test_an_exception_of_the_edge_has_the_place_of_its_innermost_frame():
    try:
        caught_inside = int("no number at all")
    except ValueError as error:
        exception = error
    with open_notebook() as notebook:
        notebook.add(exception)
        (note,) = notebook.notes()
    assert note.code is test_an_exception_of_the_edge_has_the_place_of_its_innermost_frame.__code__
    assert note.line == note.code.co_firstlineno + 2


def test_an_exception_that_was_never_raised_has_no_place():
    with open_notebook() as notebook:
        notebook.add(ValueError(SECRET))
        (note,) = notebook.notes()
    assert (note.code, note.line) == (None, None)


def test_a_chain_of_any_length_is_followed_for_64_links():
    exception = None
    for number in range(500):
        following = Trouble(f"link number {number} of the chain")
        following.__cause__ = exception
        exception = following
    exception.__cause__.__context__ = exception
    with open_notebook() as notebook:
        notebook.add(exception)
        assert len(notebook.notes()) == 64


def test_a_group_of_any_width_is_followed_for_64_members():
    members = [Trouble(f"member number {number} of the group") for number in range(5000)]
    with open_notebook() as notebook:
        notebook.add(ExceptionGroup("a wide one for all", members))
        assert len(notebook.notes()) == 64


def test_a_closed_notebook_takes_nothing():
    notebook = open_notebook()
    notebook.close()
    notebook.add(Trouble(SECRET))
    notebook.close()
    assert notebook.is_empty
    assert notebook.notes() == []


# What is noted


def test_a_raise_is_noted_with_its_place(told):
    with open_notebook() as notebook:
        caught(Trouble, SECRET)
        (note,) = notebook.notes()
        assert note.cls is Trouble
        assert note.code is caught.__code__
        assert note.line == caught.__code__.co_firstlineno + 2


@pytest.mark.parametrize("kind", [ValueError, Trouble])
def test_a_raise_is_noted_once_however_many_frames_it_passes(told, kind):
    with open_notebook() as notebook:

        def fall(depth):
            if not depth:
                raise kind(SECRET)
            try:
                fall(depth - 1)
            finally:
                caught(kind, "something else on the way out")

        with pytest.raises(kind):
            fall(12)
        assert texts(notebook).count(SECRET) == 1


@pytest.mark.parametrize("kind", [ValueError, Trouble])
def test_raising_again_is_no_second_raise(told, kind):
    with open_notebook() as notebook:

        def again():
            try:
                raise kind(SECRET)
            except kind:
                raise

        def anew():
            try:
                again()
            except kind as error:
                raise error

        with pytest.raises(kind):
            anew()
        (note,) = notebook.notes()
        assert note.code is next(
            c
            for c in test_raising_again_is_no_second_raise.__code__.co_consts
            if getattr(c, "co_name", "") == "again"
        )


def test_words_that_are_changed_on_the_way_are_noted_as_well(told):
    with open_notebook() as notebook:

        def add():
            try:
                raise ValueError("the first words of all")
            except ValueError as error:
                error.args = ("the words that came later",)
                raise

        with pytest.raises(ValueError):
            add()
        assert set(texts(notebook)) == {"the first words of all", "the words that came later"}


def test_what_built_in_code_raises_is_noted(told):
    with open_notebook() as notebook:

        def provoke(nothing=None):
            return nothing[0]

        with pytest.raises(TypeError):
            provoke()
        assert "'NoneType' object is not subscriptable" in texts(notebook)


@pytest.mark.parametrize(
    "provoke",
    [
        lambda: {}["content-type"],
        lambda: caught(Trouble),
        lambda: caught(Trouble, "short"),
        lambda: caught(LookupError, 17),
        lambda: {}[Trouble],
        lambda: {}[("several", "words", "together")],
        lambda: next(iter(())),
        lambda: caught(StopIteration, "what a generator has returned"),
        lambda: caught(BlockingIOError, 11, "Resource temporarily unavailable"),
        lambda: caught(asyncio.CancelledError),
    ],
)
def test_what_says_nothing_leaves_the_notebook_empty(told, provoke):
    with open_notebook() as notebook:
        with suppress(LookupError, StopIteration):
            provoke()
        assert texts(notebook) == []
        assert all(note.exception is None for note in notebook.notes())


def test_of_many_the_first_and_the_last_are_kept(told):
    with open_notebook() as notebook:
        for number in range(1000):
            caught(Trouble, f"trouble number {number} of many")
            caught(Trouble, f"trouble number {number} of many")
        kept = list(dict.fromkeys(int(text.split()[2]) for text in texts(notebook)))
        half = MOST_LAST // 2
        assert kept == [*range(MOST_FIRST // 2), *range(1000 - half, 1000)]


def test_the_same_words_fill_a_notebook_once(told):
    with open_notebook() as notebook:
        for _ in range(1000):
            caught(ValueError, SECRET)
        assert len(notebook.notes()) == 1


def test_long_words_are_kept_in_part(told):
    with open_notebook() as notebook:
        caught(ValueError, "word " * 100_000)
        caught(ValueError, "another word " * 100_000, b"x" * 100_000)
        assert [len(word) for note in notebook.notes() for word in note.words] == [LONGEST_TEXT] * 3


def test_each_request_has_its_own(told):
    async def serve(number):
        with open_notebook() as notebook:
            await asyncio.sleep(0)
            caught(Trouble, f"trouble of request {number}")
            await asyncio.sleep(0)
            return texts(notebook)

    async def main():
        return await asyncio.gather(*map(serve, range(20)))

    assert asyncio.run(main()) == [[f"trouble of request {number}"] for number in range(20)]


def test_an_inner_request_is_noted_in_the_outer_too(told):
    with open_notebook() as notebook:
        with open_notebook() as inner:
            caught(Trouble, SECRET)
            assert texts(inner) == [SECRET]
        caught(Trouble, "after the inner one was closed")
        assert texts(notebook) == [SECRET, "after the inner one was closed"]


def test_a_request_that_starts_in_the_context_of_an_ended_one_stands_alone(told):
    first = open_notebook()
    first.close()
    with open_notebook() as second:
        caught(Trouble, SECRET)
        assert texts(second) == [SECRET]
        assert second.kept.outer is None
    assert first.is_empty


def test_a_notebook_that_is_closed_in_another_context_is_closed(told):
    notebook = contextvars.Context().run(open_notebook)
    notebook.close()
    caught(Trouble, SECRET)
    assert notebook.is_empty


def test_a_task_that_outlives_its_request_is_not_noted(told):
    async def main():
        closed = asyncio.Event()

        async def work():
            await closed.wait()
            caught(Trouble, SECRET)

        with open_notebook() as notebook:
            task = asyncio.create_task(work())
            await asyncio.sleep(0)
        closed.set()
        await task
        return notebook

    assert asyncio.run(main()).is_empty


def test_generators_are_noted_where_they_run(told):
    with open_notebook() as notebook:

        def numbers():
            try:
                yield 1
                raise Trouble(SECRET)
            finally:
                caught(Trouble, "on the way out of a generator")

        def endless():
            while True:
                yield

        running, abandoned = numbers(), endless()
        next(running), next(abandoned)
        with pytest.raises(Trouble):
            next(running)
        del abandoned
        gc.collect()
        assert texts(notebook) == [SECRET, "on the way out of a generator"]


def test_groups_are_noted_with_their_members(told):
    with open_notebook() as notebook:

        async def fail(number):
            raise Trouble(f"task number {number} has failed")

        async def main():
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(fail(1))
                tasks.create_task(fail(2))

        with pytest.raises(ExceptionGroup):
            asyncio.run(main())
        assert {
            "task number 1 has failed",
            "task number 2 has failed",
            "unhandled errors in a TaskGroup (2 sub-exceptions)",
        } <= set(texts(notebook))


def test_the_end_of_the_stack_is_survived(told):
    with open_notebook() as notebook:

        def fall():
            fall()

        with pytest.raises(RecursionError):
            fall()
        caught(Trouble, SECRET)
        assert SECRET in texts(notebook)


# Threads


def test_threads_with_the_context_of_the_request_are_its_own(told):
    async def main():
        with open_notebook() as other, open_notebook() as notebook:
            other.kept = None
            await asyncio.to_thread(caught, Trouble, SECRET)
            await anyio.to_thread.run_sync(caught, ValueError, "another thread has failed")
            return texts(notebook)

    assert {SECRET, "another thread has failed"} <= set(asyncio.run(main()))


def run_in_executor():
    async def main():
        await asyncio.get_running_loop().run_in_executor(None, caught, Trouble, SECRET)

    asyncio.run(main())


def submit():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(caught, Trouble, SECRET).result()


def start_thread():
    # From Python 3.14 on a thread may inherit the context of the one that starts it.
    thread = threading.Thread(target=contextvars.Context().run, args=(caught, Trouble, SECRET))
    thread.start()
    thread.join()


@pytest.mark.parametrize("work", [run_in_executor, submit, start_thread])
def test_threads_without_a_context_work_for_every_open_request(told, work):
    with open_notebook() as one:
        with open_notebook() as two:
            work()
            notebooks = [texts(one), texts(two)]
            (note,) = (note for note in two.notes() if note.cls is Trouble)
        assert not one.is_empty
    assert all(SECRET in found for found in notebooks)
    assert note.code is caught.__code__


def test_the_place_of_a_raise_in_another_thread_is_there(told):
    def fail():
        raise Trouble(SECRET)

    async def main():
        with open_notebook() as notebook:
            with pytest.raises(Trouble):
                await asyncio.get_running_loop().run_in_executor(None, fail)
            return {note.code for note in notebook.notes() if note.cls is Trouble}

    assert asyncio.run(main()) == {fail.__code__}


def stray(*arguments):
    contextvars.Context().run(caught, *arguments)


def test_what_was_raised_outside_before_a_request_is_not_its_own(told):
    with open_notebook():
        stray(Trouble, "before the second was opened")
        with open_notebook() as second:
            assert second.is_empty
            stray(Trouble, SECRET)
            assert texts(second) == [SECRET]
            stray(ValueError, SECRET)
            stray(Trouble, "before the second was opened")
            assert texts(second) == [SECRET, SECRET, "before the second was opened"]


def test_of_many_outside_the_last_are_kept(told):
    with open_notebook() as notebook:
        for number in range(500):
            stray(Trouble, f"stray number {number} of many")
        numbers = [int(text.split()[2]) for text in texts(notebook)]
        assert numbers == [*range(500 - MOST_STRAYS, 500)]


def test_nothing_outside_is_kept_where_no_request_is_open(told):
    stray(Trouble, SECRET)
    with open_notebook() as notebook:
        stray(Trouble, SECRET)
        assert texts(notebook) == [SECRET]
    stray(Trouble, SECRET)
    assert raises._strays == {}


def test_what_is_raised_outside_goes_with_the_requests_it_may_belong_to(told):
    first = contextvars.Context().run(open_notebook)
    stray(Trouble, "while the first alone was open")
    second = contextvars.Context().run(open_notebook)
    stray(Trouble, "while both of them were open")
    first.close()
    assert [texts_of(note) for _, note in raises._strays.values()] == [
        ("while both of them were open",)
    ]
    second.close()
    assert raises._strays == {}


def test_many_threads_share_a_notebook(told):
    with open_notebook() as notebook:
        context = contextvars.copy_context()

        def work(worker):
            for number in range(300):
                caught(Trouble, f"number {number} of worker {worker}")

        threads = [
            threading.Thread(target=context.copy().run, args=(work, worker)) for worker in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert MOST_FIRST + MOST_LAST <= len(notebook.notes()) <= MOST_FIRST + MOST_LAST + 4


# Memory


class Held:
    pass


@pytest.mark.parametrize("outside", [False, True])
def test_nothing_survives_the_request(told, outside):
    def fail():
        held = Held()
        references.append(weakref.ref(held))
        trouble = Trouble(SECRET)
        references.append(weakref.ref(trouble))
        raise trouble

    def serve():
        with suppress(Trouble):
            fail()

    references = []
    notebook = open_notebook()
    if outside:
        contextvars.Context().run(serve)
    else:
        serve()
    assert not notebook.is_empty
    assert all(reference() is not None for reference in references)
    context = contextvars.copy_context()
    notebook.close()
    gc.collect()
    assert [reference() for reference in references] == [None, None]
    assert context is not None


def test_a_built_in_exception_is_let_go_at_once(told):
    with open_notebook() as notebook:

        def fail():
            held = Held()
            references.append(weakref.ref(held))
            raise ValueError(SECRET)

        references = []
        with pytest.raises(ValueError):
            fail()
        gc.collect()  # what else is let go now may raise, and be noted too
        assert references[0]() is None
        assert SECRET in texts(notebook)


def test_what_is_noted_while_a_notebook_is_closed_is_forgotten(told):
    notebook = open_notebook()
    notebook.close()
    notebook.note(1, None, Trouble(SECRET), None, 0)
    assert notebook.kept is None


# Hostile exceptions


class Liar(type):
    def __hash__(cls):
        raise AssertionError("a class was hashed")

    def __eq__(cls, other):
        raise AssertionError("a class was compared")

    def __getattribute__(cls, name):
        raise AssertionError(f"{name} of a class was asked for")

    def __instancecheck__(cls, instance):
        raise AssertionError("a class was asked for its instances")


class Hostile(Exception, metaclass=Liar):
    asked: list

    @property
    def args(self):
        raise AssertionError("args were asked for")

    @property
    def __class__(self):
        raise AssertionError("the class was asked for")

    @property
    def __traceback__(self):
        raise AssertionError("the traceback was asked for")

    @property
    def __dict__(self):
        raise AssertionError("the attributes were asked for")

    def __getattribute__(self, name):
        raise AssertionError(f"{name} was asked for")

    def __eq__(self, other):
        raise AssertionError("it was compared")

    def __hash__(self):
        raise AssertionError("it was hashed")

    def __str__(self):
        raise AssertionError("it was asked for its text")

    def __bool__(self):
        raise AssertionError("it was asked for its truth")

    def __len__(self):
        raise AssertionError("it was asked for its length")


class HostileText(str):
    __slots__ = ()

    def __eq__(self, other):
        raise AssertionError("a text was compared")

    def __hash__(self):
        raise AssertionError("a text was hashed")

    def __len__(self):
        raise AssertionError("a text was measured")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Hostile(SECRET),
        lambda: ValueError(HostileText(SECRET)),
        lambda: LookupError(Hostile(SECRET)),
        lambda: OSError(2, HostileText("gone"), HostileText(SECRET)),
        lambda: ExceptionGroup(SECRET, [Hostile(SECRET)]),
    ],
)
def test_no_foreign_code_runs_when_a_raise_is_noted(told, make):
    with open_notebook() as notebook:
        exception = make()
        passed = False
        try:
            raise exception
        except BaseException as error:
            passed = error is exception
        assert passed
        assert [note.exception is exception for note in notebook.notes()] == [True]


# Other tools


def test_start_is_asked_as_often_as_one_likes(told):
    assert raises.start()
    assert raises.start()
    tools = [sys.monitoring.get_tool(number) for number in range(6)]
    assert tools.count("tightlip") == 1


def test_start_mends_what_another_tool_has_undone(told):
    number = [sys.monitoring.get_tool(n) for n in range(6)].index("tightlip")
    sys.monitoring.set_events(number, 0)
    sys.monitoring.free_tool_id(number)
    assert raises.start()
    with open_notebook() as notebook:
        caught(Trouble, SECRET)
        assert texts(notebook) == [SECRET]


def test_stop_gives_the_number_back(told):
    raises.stop()
    assert "tightlip" not in [sys.monitoring.get_tool(number) for number in range(6)]
    raises.stop()


@needs_monitoring
@pytest.mark.parametrize(
    ("taken", "starts"),
    [(range(6), False), ((3, 4, 5), False), ((3, 4), True), ((4,), True), ((0, 1, 2), True)],
)
def test_a_number_is_taken_that_is_nobodys(in_child, taken, starts):
    program = f"""
        for number in {list(taken)}:
            sys.monitoring.use_tool_id(number, "another")
        print(raises.start())
        with raises.open_notebook() as notebook:
            try:
                raise ValueError("{SECRET}")
            except ValueError as error:
                print(bool(notebook.notes()))
                notebook.add(error)
            print(len(texts(notebook)))
        raises.stop()
        print(*(sys.monitoring.get_tool(number) for number in {list(taken)}))
    """
    assert in_child(program) == [str(starts), str(starts), "1", *["another"] * len(taken)]


@needs_monitoring
def test_an_interpreter_that_refuses_is_no_failure(in_child):
    program = """
        def refuse(event, arguments):
            if event == "sys.monitoring.register_callback":
                raise RuntimeError("not here")

        print(raises.start())
        raises.stop()
        raises.start()
        sys.addaudithook(refuse)
        raises.stop()
        print(raises.start())
    """
    assert in_child(program) == ["True", "False"]


@needs_monitoring
def test_what_is_raised_while_the_interpreter_ends_is_what_arrives(in_child):
    program = """
        class Last:
            def __del__(self, print=print):
                try:
                    {}["x"]
                except BaseException as error:
                    print(type(error).__name__, flush=True)

        print(raises.start())
        raises.last = Last()
    """
    assert in_child(program) == ["True", "KeyError"]


SERVE = f"""
    def fail():
        raise ValueError("{SECRET}")

    def serve():
        with raises.open_notebook() as notebook:
            try:
                fail()
            except ValueError:
                pass
            return texts(notebook) == ["{SECRET}"]
"""


@needs_monitoring
def test_it_works_beside_a_debugger(in_child):
    program = (
        SERVE
        + """
    import bdb

    class Debugger(bdb.Bdb):
        stops = []

        def user_exception(self, frame, info):
            self.stops.append(frame.f_code.co_name)
            self.set_step()

        def user_line(self, frame):
            self.set_step()

    print(raises.start())
    debugger = Debugger()
    print(debugger.runcall(serve))
    print("fail" in debugger.stops)
    """
    )
    assert in_child(program) == ["True", "True", "True"]


@needs_monitoring
@pytest.mark.parametrize("first", ["raises.start()", "profile.enable()"])
def test_it_works_beside_a_profiler(in_child, first):
    program = (
        SERVE
        + f"""
    import cProfile, pstats

    profile = cProfile.Profile()
    {first}
    profile.enable()
    print(raises.start())
    print(serve())
    profile.disable()
    print(any(name == "fail" for _, _, name in pstats.Stats(profile).stats))
    """
    )
    if first == "profile.enable()":
        program = program.replace("    profile.enable()\n    print", "    print")
    assert in_child(program) == ["True", "True", "True"]


@needs_monitoring
@pytest.mark.parametrize("core", ["sysmon", "ctrace", "pytrace"])
def test_it_works_beside_coverage(in_child, core):
    program = SERVE + "\n    print(raises.start())\n    print(serve())"
    command = ("-m", "coverage", "run", "--branch", "--rcfile=", "--data-file=data")
    environment = {
        "COVERAGE_CORE": core,
        "COVERAGE_PROCESS_START": "",
        "COVERAGE_PROCESS_CONFIG": "",
    }
    try:
        assert in_child(program, command=command, **environment) == ["True", "True"]
    except AssertionError as error:
        # Coverage measures branches by this core from Python 3.14 on.
        if core != "sysmon" or "sys.monitoring" not in str(error):
            raise
        command = tuple(part for part in command if part != "--branch")
        assert in_child(program, command=command, **environment) == ["True", "True"]
    done = subprocess.run(
        [sys.executable, "-m", "coverage", "json", "--rcfile=", "--data-file=data", "-o-"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"fail": {"executed_lines": [' in done.stdout


@needs_monitoring
def test_a_tracer_in_python_sees_what_it_saw_before(told):
    def trace(frame, event, argument):
        if event == "exception":
            seen.append((frame.f_code.co_name, argument[0]))
        return trace

    seen = []
    before = sys.gettrace()
    with open_notebook() as notebook:
        sys.settrace(trace)
        try:
            caught(Trouble, SECRET)
        finally:
            sys.settrace(before)
        assert texts(notebook) == [SECRET]
    assert ("caught", Trouble) in seen
