"""Digest events of Sentry's form with Bugsink; `drain.py` runs it in an environment of its own.

The first argument is a file with one event of JSON in each line, the working directory holds
`bugsink_conf.py`. What is printed is how many seconds the digest took.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import django

django.setup()

from ingest.views import BaseIngestAPIView  # noqa: E402
from projects.models import Project  # noqa: E402

project = Project.objects.create(name="bench", retention_max_event_count=1_000_000)
events = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
start = time.perf_counter()
for event in events:
    identity = uuid.uuid4().hex
    about = {
        "event_id": identity,
        "project_id": project.id,
        "ingested_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "ingestion_id": identity,
        "remote_addr": "203.0.113.7",
    }
    BaseIngestAPIView.digest_event(about, {**event, "event_id": identity})
print(time.perf_counter() - start)
