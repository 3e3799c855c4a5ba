"""The command line as a user meets it: in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tightlip.incidents.framing import frame
from tightlip.incidents.spool import Spool

COMMAND = Path(sys.executable).with_name("tightlip")


def tightlip(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tightlip", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_the_commands_and_the_exit_codes(option):
    done = tightlip(option)
    assert done.returncode == 0
    assert "Usage: tightlip [OPTIONS] COMMAND" in done.stdout
    assert "\n  demo " in done.stdout
    assert "0 clean, 1 findings, 2 wrong use" in done.stdout
    assert "main" not in done.stdout.split("Commands:")[1].split()


@pytest.mark.parametrize("group", [(), ("incidents",)])
def test_no_short_help_of_a_command_is_cut(group):
    said = tightlip(*group, "--help", COLUMNS="80").stdout
    assert "..." not in said.partition("Commands:")[2]


def test_a_command_that_is_not_there_is_told_alike_in_every_group():
    for group, asked, meant in (((), "scam", "scan"), (("incidents",), "lst", "list")):
        done = tightlip(*group, asked)
        assert done.returncode == 2
        assert f"Error: No such command {asked!r}. Did you mean {meant!r}?\n" in done.stderr


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("tightlip inc", ["incidents"]),
        ("tightlip incidents s", ["serve", "show", "stats"]),
        ("tightlip serve --server g", ["granian", "gunicorn"]),
    ],
)
def test_a_shell_completes_words(words, offered):
    done = tightlip(
        _TIGHTLIP_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(words.count(" "))
    )
    assert done.stdout.split() == [f"plain,{word}" for word in offered]


def test_version_is_that_of_the_installed_package():
    assert tightlip("--version").stdout == f"tightlip {version('tightlip')}\n"


def test_the_installed_command_is_the_same_as_the_module():
    done = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout == tightlip("--help").stdout


def test_without_a_command_the_help_is_shown_as_wrong_use():
    done = tightlip()
    assert done.returncode == 2
    assert "Commands:" in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("dmo", "No such command 'dmo'. Did you mean 'demo'?"),
        ("demos", "No such command 'demos'. Did you mean 'demo'?"),
        ("zzzz", "No such command 'zzzz'."),
        ("main", "No such command 'main'."),
        ("no-such", "No such command 'no-such'."),
    ],
)
def test_an_unknown_command_is_told_with_its_nearest(asked, said):
    done = tightlip(asked)
    assert done.returncode == 2
    assert f"Error: {said}\n" in done.stderr
    assert re.search("Try 'tightlip (-h|--help)' for help.", done.stderr)


@pytest.mark.parametrize(
    "arguments", [["--nothing"], ["demo", "--nothing"], ["demo", "--port", "x"]]
)
def test_a_wrong_option_is_wrong_use(arguments):
    done = tightlip(*arguments)
    assert done.returncode == 2
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_loads_no_framework_before_it_needs_one():
    program = (
        "import sys, tightlip.cli.demo, tightlip.cli.main\n"
        "print(sorted({'fastapi', 'sqlalchemy', 'httpx', 'uvicorn', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def installed(directory: Path, source: str) -> dict[str, str]:
    """Install a distribution with a command `probe` of the given source; return its environment."""
    (directory / "probing.py").write_text(f"import click\n\n@click.command()\n{source}\n")
    information = directory / "probing-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: probing\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[tightlip.cli]\nprobe = probing\n")
    return {"PYTHONPATH": str(directory)}


def test_an_installed_package_brings_a_command(tmp_path):
    source = 'def command():\n    "Look twice."\n    click.echo("looked")'
    environment = installed(tmp_path, source)
    assert re.search(
        r"^  probe +Look twice\.$", tightlip("--help", **environment).stdout, re.MULTILINE
    )
    done = tightlip("probe", **environment)
    assert (done.returncode, done.stdout) == (0, "looked\n")


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("def command():\n    pass", 0),
        ("def command():\n    return 1", 1),
        ("@click.pass_context\ndef command(context):\n    context.exit(1)", 1),
        ("def command():\n    raise click.ClickException('no')", 2),
        ("def command():\n    raise click.UsageError('no')", 2),
        ("def command():\n    raise KeyboardInterrupt", 130),
        ("def command():\n    raise click.Abort", 130),
    ],
)
def test_how_a_command_ends_is_the_exit_code(tmp_path, source, code):
    done = tightlip("probe", **installed(tmp_path, source))
    assert done.returncode == code
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("value", "colored"), [("", True), ("1", False)])
def test_no_color_is_honoured(tmp_path, value, colored):
    source = (
        "@click.pass_context\n"
        "def command(context):\n"
        "    click.echo(click.style('x', fg='red'), color=context.color is not False)"
    )
    done = tightlip("probe", **installed(tmp_path, source), NO_COLOR=value)
    assert done.stdout == ("\x1b[31mx\x1b[0m\n" if colored else "x\n")


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    source = "def command():\n    for number in range(100_000):\n        click.echo(number)"
    environment = {**os.environ, **installed(tmp_path, source)}
    with subprocess.Popen(
        [sys.executable, "-m", "tightlip", "probe"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 141


@pytest.fixture
def recorded(directory, summary) -> Path:
    """A directory with one incident."""
    Spool(directory).append(frame(summary("K7Q29FMX4D1T")))
    return directory.path


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", [("--help",), ("scan", "-"), ("incidents", "list")])
def test_an_output_that_cannot_be_written_is_told(recorded, arguments):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tightlip", *arguments],
            env={**os.environ, "TIGHTLIP_DIRECTORY": str(recorded)},
            input="KeyError: 'EUR' at /srv/shop/prices.py:7\n",
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.stderr == "Error: [Errno 28] No space left on device\n"
    assert done.returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes the streams")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize(
    ("arguments", "code"), [("scan -", 1), ("incidents list", 0), ("incidents stats", 0)]
)
def test_a_process_without_output_or_errors_does_its_work(recorded, arguments, code, closed):
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m tightlip {arguments} {closed}', sys.executable],
        env={**os.environ, "TIGHTLIP_DIRECTORY": str(recorded)},
        input="KeyError: 'EUR' at /srv/shop/prices.py:7\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == code
