"""The application that a server was told to serve: found by its name, and shielded."""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tightlip.responder.policy import ConfigurationError
from tightlip.shielding import is_coroutine_function, shield, takes
from tightlip.source import adopt

LOADER = "tightlip.target:load"
"""What a server is given as its application; a factory, which each of its workers calls."""

_NAME = "TIGHTLIP_TARGET"
_IS_FACTORY = "TIGHTLIP_TARGET_FACTORY"
_OWN = str(Path(__file__).parent) + os.sep
_NEAR = 0.6
_KINDS = ("asgi", "wsgi")


class TargetError(Exception):
    """There is no such application; the message says what there is."""


def choose(name: str, *, is_factory: bool) -> None:
    """Say what `load` gives in this process, and in the workers that come from it.

    Args:
        name: `MODULE:APP`; `MODULE` alone stands for `MODULE:app`.
        is_factory: Whether APP is a function that makes the application.
    """
    os.environ[_NAME] = name
    os.environ[_IS_FACTORY] = "1" if is_factory else ""


def load() -> Any:
    """Return the application that was chosen, in its shield.

    Raises:
        TargetError: It is not there.
        ConfigurationError: It is no application that can be shielded.
    """
    return _load(os.environ.get(_NAME, ""), is_factory=bool(os.environ.get(_IS_FACTORY)))


@cache  # what was examined is what is served: one application, one shield
def _load(name: str, *, is_factory: bool) -> Any:
    application, module = _find(name)
    if is_factory:
        application = application()
    elif inspect.isroutine(application) and takes(application, 0):
        raise TargetError(
            f"{name} is a function, and no application: where it makes one, give --factory."
        )
    # The module that is served is the application, also where it is installed.
    adopt(module)
    return shield(application)


def examine() -> bool:
    """Load the application and tell whether it is ASGI's; else it is WSGI's.

    Raises:
        TargetError, ConfigurationError: As `load` does, or it is neither's.
    """
    application = load()
    is_asgi = is_coroutine_function(application) is True
    if not is_asgi and not takes(application, 2):
        raise TargetError(
            f"{os.environ[_NAME]} is an application of neither ASGI nor WSGI: run it on its "
            "framework's own server, in tightlip.shield(…); see docs/frameworks.md."
        )
    return is_asgi


def examine_apart() -> bool:
    """Do the same in a child, for servers that fork: what their parent has open, workers share.

    Raises:
        TargetError: There is no such application, or it cannot be shielded, or it does not
            load; in the last case its traceback has been printed.
    """
    if not hasattr(os, "fork"):
        return examine()
    reading, writing = os.pipe()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, _verdict().encode("utf-8", "replace"))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        verdict = pipe.read()
    os.waitpid(child, 0)
    if verdict not in _KINDS:
        raise TargetError(verdict or "The application ended the process while it was loaded.")
    return verdict == _KINDS[0]


def _verdict() -> str:
    try:
        return _KINDS[0] if examine() else _KINDS[1]
    except (TargetError, ConfigurationError) as error:
        return str(error)
    except (
        BaseException
    ) as error:  # the traceback is the application's, and says what is wrong with it
        return print_fault(error)


def print_fault(fault: BaseException) -> str:
    """Print why the application does not load, as far as it is its own; return that in a sentence.

    The frames of what loaded it say nothing to the one who has to mend it.
    """
    frames = fault.__traceback__
    while frames is not None and _is_loading(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    traceback.print_exception(type(fault), fault, frames)
    sys.stderr.flush()
    where = ""
    if isinstance(fault, SyntaxError):
        where = f" in {fault.filename}, line {fault.lineno}"
    elif frames is not None:
        passed = traceback.extract_tb(frames)
        own = [frame for frame in passed if frame.filename.startswith(sys.path[0] + os.sep)]
        last = (own or passed)[-1]
        where = f" in {last.filename}, line {last.lineno}"
    return (
        f"{os.environ[_NAME]} could not be loaded: {type(fault).__name__}{where}. Its traceback is "
        "above."
    )


def _is_loading(file: str) -> bool:
    return file.startswith((_OWN, "<frozen importlib")) or file == importlib.__file__


def _find(name: str) -> tuple[Any, str]:
    module_name, _, path = name.partition(":")
    path = path or "app"
    if not module_name or not all(part.isidentifier() for part in path.split(".")):
        raise TargetError(f"{name!r} is not of the form MODULE:APP, such as shop.main:app.")
    if module_name.endswith(".py"):
        module = module_name.removesuffix(".py").replace(os.sep, ".")
        raise TargetError(f"{module_name!r} is a file: give its module, {module}:{path}.")
    found: Any = _import(module_name)
    for attribute in path.split("."):
        try:
            found = getattr(found, attribute)
        except AttributeError:
            raise TargetError(
                f"The module {module_name!r} has no {path!r}.{_nearest(attribute, found)}"
            ) from None
    return found, module_name


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # One that the module itself imports in vain is another matter: its traceback tells.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise TargetError(
            f"There is no module {error.name!r}. It was looked for in {sys.path[0]} "
            "and among what is installed; --app-dir names another directory."
        ) from None


def _nearest(attribute: str, owner: Any) -> str:
    members: Mapping[str, Any] = getattr(owner, "__dict__", {})
    names = [name for name, member in members.items() if isinstance(member, Callable)]  # type: ignore[arg-type]
    near = difflib.get_close_matches(attribute, names, n=1, cutoff=_NEAR)
    return f" Did you mean {near[0]!r}?" if near else ""
