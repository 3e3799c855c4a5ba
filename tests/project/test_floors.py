"""The contracts of the house are kept, and each is seen to break."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

import tightlip

ROOT = Path(__file__).parents[2]
PACKAGE = Path(tightlip.__file__).parent

# Where a library may be imported: it is what the module is about, and is loaded when it is used.
MAY_IMPORT_LIBRARIES = (
    "tightlip.adapters.",
    "tightlip.cli.",
    "tightlip.dashboard.",
    "tightlip.demo.",
    "tightlip.detection.cache",
    "tightlip.detection.codings.",
    "tightlip.detection.engines.",
    "tightlip.incidents.directory",
    "tightlip.incidents.exposition",
    "tightlip.incidents.packing",
    "tightlip.incidents.postgresql.",
    "tightlip.incidents.sealing",
    "tightlip.incidents.sinks.",
    "tightlip.incidents.terminal",
    "tightlip.servers.",
)

BREACHES = [
    pytest.param(
        "release-and-report",
        {"wire/page.py": "import tightlip.incidents.incident"},
        id="what renders imports the record",
    ),
    pytest.param(
        "release-and-report",
        {
            "plugins.py": "import tightlip.incidents.incident",
            "wire/page.py": "import tightlip.plugins",
        },
        id="what renders reaches the record through another",
    ),
    pytest.param(
        "release-and-report",
        {
            "wire/page.py": "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    from tightlip.incidents.incident import Incident"
        },
        id="what renders names the record in its types",
    ),
    pytest.param(
        "report-and-release",
        {"incidents/incident.py": "import tightlip.wire.envelope"},
        id="what records imports what renders",
    ),
    pytest.param(
        "report-and-release",
        {"incidents/incident.py": "from tightlip.catalog.error import PublicError"},
        id="the record imports the catalog",
    ),
    pytest.param(
        "report-and-release",
        {"incidents/incident.py": "def late():\n    import tightlip.translation.chain"},
        id="the record imports translation inside a function",
    ),
    pytest.param(
        "floors",
        {"incidents/incident.py": "import tightlip.responder.decision"},
        id="the record imports the responder",
    ),
    pytest.param(
        "floors",
        {"translation/chain.py": "import tightlip.detection.scanner"},
        id="one wing imports another",
    ),
    pytest.param("floors", {"helpers.py": ""}, id="a module without a floor"),
    pytest.param(
        "no-policy-at-the-edge",
        {"adapters/flask.py": "import tightlip.catalog.error"},
        id="an adapter imports the catalog",
    ),
    pytest.param(
        "no-policy-at-the-edge",
        {"protocols/asgi.py": "import tightlip.wire.headers"},
        id="a protocol imports what renders",
    ),
    pytest.param(
        "no-policy-at-the-edge",
        {"servers/waitress.py": "import tightlip.catalog.standard"},
        id="a server's words are chosen beside the responder",
    ),
    pytest.param(
        "third-parties",
        {"translation/readers/planted.py": "import psycopg"},
        id="a reader imports its driver",
    ),
    *(
        pytest.param(
            contract,
            {
                f"{folder}/planted.py": "",
                f"{folder}/beside.py": f"import tightlip.{folder.replace('/', '.')}.planted",
            },
            id=f"a plug-in of {folder} imports another",
        )
        for contract, folder in [
            ("adapters", "adapters"),
            ("commands", "cli"),
            ("engines", "detection/engines"),
            ("sinks", "incidents/sinks"),
            ("readers", "translation/readers"),
            ("servers", "servers"),
        ]
    ),
]


@pytest.fixture(scope="module")
def contracts() -> dict[str, str]:
    """The name of each contract by its id."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {one["id"]: one["name"] for one in settings["tool"]["importlinter"]["contracts"]}


def verdicts(source: Path) -> dict[str, bool]:
    """Run the contracts on the package in `source`: which are kept, by name."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    settings = ROOT / "pyproject.toml"
    done = subprocess.run(
        [sys.executable, "-c", program, "--config", settings, "--no-cache"],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^(.+) (KEPT|BROKEN)$", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {name: verdict == "KEPT" for name, verdict in found}


@pytest.fixture
def copy(tmp_path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "tightlip", ignore=ignored)
    return tmp_path


def test_every_contract_is_kept(contracts):
    assert verdicts(PACKAGE.parent) == dict.fromkeys(contracts.values(), True)


@pytest.mark.parametrize(("contract", "planted"), BREACHES)
def test_a_planted_breach_breaks_its_contract(contract, planted, copy, contracts):
    for name, lines in planted.items():
        with (copy / "tightlip" / name).open("a", encoding="utf-8") as module:
            module.write(f"\n{lines}\n")
    assert verdicts(copy)[contracts[contract]] is False


def test_every_contract_has_a_planted_breach(contracts):
    assert {breach.values[0] for breach in BREACHES} == contracts.keys()


def test_libraries_are_imported_only_where_they_may_be():
    graph = grimp.build_graph("tightlip", include_external_packages=True, cache_dir=None)
    libraries = {
        module: foreign
        for module in graph.modules
        if module.partition(".")[0] == "tightlip"
        and not module.startswith(MAY_IMPORT_LIBRARIES)
        and (
            foreign := {
                imported
                for imported in graph.find_modules_directly_imported_by(module)
                if imported.partition(".")[0] not in {"tightlip", *sys.stdlib_module_names}
            }
        )
    }
    assert not libraries
