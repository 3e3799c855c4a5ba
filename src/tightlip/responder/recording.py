"""Recording: the recorder that the settings ask for."""

from __future__ import annotations

import os

from tightlip.incidents.archive import Archive, archive_at
from tightlip.incidents.directory import NoDirectoryError, private_directory
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.sealing import UnusableKeyError, seal_of
from tightlip.incidents.sink import Follower, default_sinks, open_sink
from tightlip.incidents.spool import IS_SUPPORTED
from tightlip.responder.policy import ConfigurationError, Policy
from tightlip.responder.telling import declared_errors


def open_recorder(policy: Policy) -> Recorder:
    """Return the recorder of `policy`; nothing is written before the first error.

    Raises:
        ConfigurationError: A sink cannot be opened, nothing says where incidents are kept, or the
            environment holds something else than a key for encryption.
    """
    try:
        sinks = (
            default_sinks() if policy.sinks is None else [open_sink(sink) for sink in policy.sinks]
        )
    except (TypeError, ValueError, ImportError) as error:
        raise ConfigurationError(f"sinks: {error}") from None
    archive = _archive(policy)
    followers = [sink for sink in sinks if isinstance(sink, Follower)]
    if archive is not None:
        archive.followers += followers
    elif followers:
        raise ConfigurationError(
            "sinks: one of them takes incidents from the directory alone: give a directory, and "
            "run where spools are supported"
        )
    return Recorder(
        [sink for sink in sinks if sink not in followers],
        archive=archive,
        service_name=policy.service_name,
        service_version=policy.service_version,
        source_lines=policy.source_lines,
    )


def _archive(policy: Policy) -> Archive | None:
    if policy.directory is None or not IS_SUPPORTED:
        if policy.alerts:
            raise ConfigurationError(
                "alerts: they are made of what a directory keeps, and there is none here"
            )
        return None
    try:
        seal = seal_of(os.environ)
        archive = archive_at(private_directory(policy.directory or None))
    except UnusableKeyError as error:
        raise ConfigurationError(str(error)) from None
    except NoDirectoryError as error:
        raise ConfigurationError(f"directory: {error}") from None
    archive.seal = seal
    archive.register.declarations = declared_errors
    if policy.retention is not None:
        archive.retention = policy.retention
    for alerts in policy.alerts:
        archive.attach(alerts.outlet())
    return archive
