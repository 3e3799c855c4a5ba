"""The settings of the guard: checked once, each fault named, and nothing that widens an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from tightlip import Exemption, Shield
from tightlip.responder.policy import ConfigurationError, Policy, read_policy

EXEMPTION = Exemption(fields=["trace"])


def test_without_settings_all_is_contained():
    policy = read_policy({})
    assert policy == Policy()
    assert (policy.success_answers, policy.exemptions, policy.rules) == ("contain", (), ())


def test_settings_are_frozen():
    exemptions = [EXEMPTION]
    policy = read_policy({"exemptions": exemptions, "success_answers": "report"})
    exemptions.clear()
    assert policy.exemptions == (EXEMPTION,)
    with pytest.raises(AttributeError):
        policy.success_answers = "contain"


def test_files_of_rules_are_named_by_text_or_path():
    assert read_policy({"rules": ["a.toml", Path("b.toml")]}).rules == ("a.toml", "b.toml")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"success_answers": "pass"}, "success_answers: takes 'contain' or 'report', not 'pass'"),
        ({"success_answers": None}, "success_answers: takes 'contain' or 'report'"),
        ({"exemptions": EXEMPTION}, "exemptions: takes a list of tightlip.Exemption"),
        ({"exemptions": ["trace"]}, "exemptions: takes a list of tightlip.Exemption"),
        ({"exemptions": "trace"}, "exemptions: takes a list of tightlip.Exemption"),
        ({"rules": "a.toml"}, "rules: takes a list of files"),
        ({"rules": 1}, "rules: takes a list of files"),
        ({"rules": [1]}, "rules: "),
        ({"error_answers": "report"}, "error_answers: no such setting; the settings are "),
        ({"debug": True}, "debug: no such setting"),
    ],
)
def test_a_fault_is_named_with_the_accepted_form(settings, message):
    with pytest.raises(ConfigurationError) as caught:
        read_policy(settings)
    assert message in str(caught.value)


def test_all_faults_are_named_at_once():
    with pytest.raises(ConfigurationError) as caught:
        read_policy({"rules": 1, "exemptions": 1, "more": 1})
    assert str(caught.value).count("; ") >= 2
    for name in ("rules: ", "exemptions: ", "more: "):
        assert name in str(caught.value)


def test_a_file_of_rules_that_is_not_there_stops_the_start(sink):
    with pytest.raises(ConfigurationError, match=r"^rules: no-such\.toml: "):
        Shield(sinks=[sink], rules=["no-such.toml"])
