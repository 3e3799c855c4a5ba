"""Migrations: how the tables came to be, one step a version; they have the names of SQLite's."""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE faults (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        fingerprint text NOT NULL UNIQUE,
        type text NOT NULL,
        place text NOT NULL,
        incidents bigint NOT NULL,
        first_time bigint NOT NULL,
        last_time bigint NOT NULL,
        state text NOT NULL DEFAULT 'open',
        state_time bigint NOT NULL DEFAULT 0
    );
    CREATE INDEX faults_last_time ON faults (last_time);
    CREATE SEQUENCE numbers;
    CREATE TABLE incidents (
        id bigint NOT NULL,
        reference text NOT NULL,
        fault bigint NOT NULL,
        time bigint NOT NULL,
        summary text NOT NULL,
        PRIMARY KEY (id, time),
        UNIQUE (reference, time)
    ) PARTITION BY RANGE (time);
    CREATE INDEX incidents_time ON incidents (time, id);
    CREATE INDEX incidents_fault ON incidents (fault, time, id);
    CREATE TABLE reports (
        incident bigint NOT NULL,
        fault bigint NOT NULL,
        time bigint NOT NULL,
        body bytea NOT NULL,
        PRIMARY KEY (incident, time)
    ) PARTITION BY RANGE (time);
    CREATE INDEX reports_fault ON reports (fault, time, incident);
    ALTER TABLE reports ALTER COLUMN body SET STORAGE EXTERNAL;
    CREATE TABLE closed (
        incident bigint NOT NULL,
        time bigint NOT NULL,
        body bytea NOT NULL,
        PRIMARY KEY (incident, time)
    ) PARTITION BY RANGE (time);
    ALTER TABLE closed ALTER COLUMN body SET STORAGE EXTERNAL;
    CREATE TABLE counters (
        fault bigint NOT NULL,
        minute bigint NOT NULL,
        incidents bigint NOT NULL,
        PRIMARY KEY (fault, minute)
    );
    CREATE INDEX counters_minute ON counters (minute, incidents);
    CREATE TABLE damages (
        spool text NOT NULL,
        position bigint NOT NULL,
        bytes bigint NOT NULL,
        PRIMARY KEY (spool, position)
    );
    CREATE TABLE origins (
        name text PRIMARY KEY,
        position bigint NOT NULL DEFAULT 0,
        counted bigint NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE told (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        origin text NOT NULL,
        code text NOT NULL,
        status bigint NOT NULL,
        route text NOT NULL,
        kind text NOT NULL,
        answers bigint NOT NULL,
        last_time bigint NOT NULL,
        reference text NOT NULL,
        UNIQUE (origin, code, status, route, kind)
    );
    CREATE TABLE told_minutes (
        told bigint NOT NULL REFERENCES told,
        minute bigint NOT NULL,
        answers bigint NOT NULL,
        PRIMARY KEY (told, minute)
    );
    CREATE INDEX told_minutes_minute ON told_minutes (minute);
    CREATE TABLE declared (
        code text PRIMARY KEY,
        status bigint NOT NULL,
        message text NOT NULL,
        place text NOT NULL,
        seen_time bigint NOT NULL
    )
    """,
)
"""Bodies are compressed already. `origins` knows how far each directory that sends has come."""
