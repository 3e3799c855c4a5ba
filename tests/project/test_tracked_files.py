from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Put together here, so that this file does not hold what it looks for.
PLACES = ["/" + "work/", "/" + "root/", "/" + "home/"]
HOSTS = ["pypi." + "org", "python" + "hosted", "npm" + "js", "debian." + "org"]
FORBIDDEN = re.compile("|".join(map(re.escape, PLACES + HOSTS)))

# Paths and hosts are the material of detection.
MATERIAL = ("src/tightlip/detection/rules/", "tests/")


def tracked() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("not a checkout")
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_machine_and_no_registry_is_named():
    named = {}
    for name in tracked():
        text = (ROOT / name).read_bytes().decode("utf-8", "replace")
        if not name.startswith(MATERIAL) and (found := FORBIDDEN.findall(text)):
            named[name] = found
    assert not named


def test_the_lock_names_packages_and_versions_alone():
    lines = (ROOT / "requirements/lock.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) > 50
    for pin in pins:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][\w.!+]*( ; .+)?", pin), pin
    assert not any(pin.startswith("tightlip") for pin in pins)
