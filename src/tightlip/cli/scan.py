"""`tightlip scan`: finds internals in captured answers."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tightlip.captures.reporting import Reporter

_CATEGORIES = (
    "stack_trace",
    "source_path",
    "database_error",
    "library",
    "infrastructure",
    "credential",
    "debug_page",
    "server_banner",
    "exception_echo",
    "undeclared_text",
)
_SEVERITIES = ("low", "medium", "high", "critical")
_FOUND = 1


@click.command(
    name="scan",
    epilog="Exit codes: 0 clean, 1 findings, 2 wrong use, or something could not be read.",
)
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path())
@click.option(
    "--jsonl",
    is_flag=True,
    help="Read JSON lines and write JSON lines, one verdict for each text.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    help="How findings are printed.  [default: text]",
)
@click.option(
    "--status",
    type=click.IntRange(100, 999),
    help="The HTTP status of the answers, where they do not tell it. In an error (400 and above) "
    "weak words count too. A body of which no status is told counts as an error if it has the form "
    "of one.",
)
@click.option(
    "--content-type",
    metavar="TYPE",
    help="Their content type, where they do not tell it.",
)
@click.option(
    "--kind",
    type=click.Choice(["body", "header"]),
    default="body",
    help="Whether texts are bodies, or header fields, one a line.  [default: body]",
)
@click.option(
    "--rules",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="Look for what this file of rules describes too. Can be given several times.",
)
@click.option(
    "--category",
    "categories",
    multiple=True,
    type=click.Choice(_CATEGORIES),
    metavar="NAME",
    help=f"Report this category, one of {', '.join(_CATEGORIES)}. Can be given several times; "
    "without it, all are reported.",
)
@click.option(
    "--min-severity",
    type=click.Choice(_SEVERITIES),
    default="low",
    help="Report this severity and those above it.  [default: low]",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="How many processes scan at once.  [default: one for each processor]",
)
@click.option(
    "--test-rules",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="Scan nothing, and test this file of rules by its own examples. Can be given several "
    "times.",
)
@click.pass_context
def command(context: click.Context, /, files: tuple[str, ...], **settings: Any) -> None:
    """Find internals in captured answers.

    Internals are stack traces, paths, database errors, credentials and the like. FILE is a body, an
    HTTP message (HTTP/1.1 200 OK, header fields, body), a HAR file, one of these packed by gzip, or
    a directory with such files; - is standard input, which is also read where no FILE is given.
    What a file is, is told by its content.

    \b
    A body:               tightlip scan answer.json
    One that just came:   curl -si https://shop.example/orders | tightlip scan
    An error's body:      tightlip scan --status 500 answer.json
    A browser's record:   tightlip scan session.har
    A whole directory:    tightlip scan captures/
    For a code host:      tightlip scan --format sarif captures/ > tightlip.sarif
    Texts from a program: tightlip scan --jsonl < texts.jsonl > verdicts.jsonl
    Your own rules:       tightlip scan --test-rules acme.toml
                          tightlip scan --rules acme.toml captures/

    With --jsonl, a line in is {"id": 7, "text": "..."}, where it is known with "content_type",
    "status" and "kind" ("body" or "header"). The line out is {"id": 7, "leak": true, "findings":
    [{"rule": "...", "category": "...", "start": 0, "end": 9}]}, in characters of the text. A line
    that is not of this form is told on standard error, and the others go on.

    In excerpts, credentials are masked. In directories, links are not followed, and files that
    hold no text are passed over. A text of more than 4 MiB is read window by window, in constant
    memory, and on all processors.
    """  # noqa: D301 - click wants the control character itself
    if settings["test_rules"]:
        context.exit(_test_rules(settings["test_rules"], files))
    if settings["jsonl"] and settings["form"] not in {None, "json"}:
        raise click.UsageError("--jsonl writes JSON lines: leave out --format, or --jsonl.")
    if not files:
        if sys.stdin is None or sys.stdin.isatty():
            raise click.UsageError(
                "There is nothing to scan. Name a FILE or a directory, or pipe answers in: "
                "curl -si https://shop.example/ | tightlip scan"
            )
        files = ("-",)
    context.exit(_scan(files, settings, has_colors=_has_colors(context)))


def _has_colors(context: click.Context) -> bool:
    return context.color is not False and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _test_rules(paths: tuple[str, ...], files: tuple[str, ...]) -> int:
    """Test files of rules; return the exit code."""
    from tightlip.detection.rule_checks import check_files
    from tightlip.detection.rule_files import RulesetError

    if files:
        raise click.UsageError("--test-rules scans nothing: leave out FILE, or use --rules.")
    count = 0
    try:
        tested = check_files(paths)
        for failure in tested.failures:
            count += 1
            click.echo(str(failure))
    except RulesetError as error:
        raise click.ClickException(str(error)) from None
    rules = f"{tested.rules} rule{'' if tested.rules == 1 else 's'}"
    verdict = f"{count} failure{'' if count == 1 else 's'}" if count else "all hold"
    click.echo(f"{rules} tested: {verdict}.", err=True)
    return _FOUND if count else 0


def _scan(files: tuple[str, ...], settings: dict[str, Any], *, has_colors: bool) -> int:
    """Scan; return the exit code."""
    from tightlip.captures.inputs import Manner, tasks_of
    from tightlip.captures.inspection import Inspector, Options
    from tightlip.captures.workers import WorkerError, available_processors, outcomes_of
    from tightlip.detection.reading import Reading
    from tightlip.detection.rule import Severity
    from tightlip.detection.rule_files import RulesetError
    from tightlip.detection.ruleset import read
    from tightlip.findings.finding import Category

    known = Reading(
        status=settings["status"], content_type=settings["content_type"], kind=settings["kind"]
    )
    options = Options(
        rules=settings["rules"],
        categories=frozenset(map(Category, settings["categories"])),
        least=Severity(settings["min_severity"]),
    )
    manner = Manner(known=known, is_lines=settings["jsonl"])
    try:
        for path in options.rules:
            read(path)  # a fault is told before all rules are compiled, which takes time
        inspector = Inspector(options)
    except RulesetError as error:
        raise click.ClickException(str(error)) from None
    form = None if settings["jsonl"] else settings["form"] or "text"
    reporter = _reporter(form, files, has_colors=has_colors)
    tasks = tasks_of(files, manner, _standard_input)
    outcomes = outcomes_of(tasks, inspector, settings["jobs"] or available_processors())
    try:
        with closing(outcomes):
            reporter.begin()
            for outcome in outcomes:
                if outcome is not None:
                    reporter.add(outcome)
            reporter.end()
    except WorkerError as error:
        raise click.ClickException(str(error)) from None
    finally:
        reporter.clear()
    return reporter.exit_code


def _reporter(form: str | None, files: tuple[str, ...], *, has_colors: bool) -> Reporter:
    from importlib.metadata import version

    from tightlip.captures.inputs import length_of
    from tightlip.captures.progress import Progress
    from tightlip.captures.reporting import Report, Reporter

    report: Report | None = None
    if form == "text":
        from tightlip.findings.text import TextReport

        report = TextReport(has_colors=has_colors)
    elif form == "json":
        from tightlip.findings.json_document import JsonReport

        report = JsonReport(version("tightlip"))
    elif form == "sarif":
        from tightlip.findings.sarif import SarifReport

        report = SarifReport(version("tightlip"))
    progress = None
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and (length := length_of(files)):
        progress = Progress(sys.stderr, length)
    return Reporter(report, sys.stdout, sys.stderr, progress=progress, has_summary=form == "text")


def _standard_input() -> Any:
    if sys.stdin is None:
        raise OSError("it is closed")
    stream = sys.stdin.buffer
    return getattr(stream, "raw", stream)  # its own buffer would wait until it is full
