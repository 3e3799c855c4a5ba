"""Print, as JSON, which functions of this package raise with words that the rule declares."""

import importlib
import inspect
import json

from tightlip.translation.literal import Verdict, places_of, prove


def functions(name):
    """Return the public functions of one module of this package, by their names."""
    module = importlib.import_module(f"{__package__}.{name}")
    return {
        name: function
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
    }


def judge(function):
    """Run a function that raises, and prove the detail that it raised with."""
    try:
        function()
    except Exception as error:
        return prove(error.detail, error, places_of(error))
    return Verdict(declared=False, reason="nothing was raised")


if __name__ == "__main__":
    print(  # noqa: T201 - the answer to the test that runs this
        json.dumps(
            {
                name: {key: judge(function).declared for key, function in functions(name).items()}
                for name in ("honest", "smuggling", "limits")
            }
        )
    )
