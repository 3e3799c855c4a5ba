"""Migrations: how the tables of the store came to be, one step a version."""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE faults (
        id INTEGER PRIMARY KEY,
        fingerprint TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        place TEXT NOT NULL,
        incidents INTEGER NOT NULL,
        first_time INTEGER NOT NULL,
        last_time INTEGER NOT NULL
    );
    CREATE INDEX faults_last_time ON faults (last_time);
    CREATE TABLE incidents (
        id INTEGER PRIMARY KEY,
        reference TEXT NOT NULL UNIQUE,
        fault INTEGER NOT NULL REFERENCES faults,
        time INTEGER NOT NULL,
        summary TEXT NOT NULL
    );
    CREATE INDEX incidents_time ON incidents (time, id);
    CREATE INDEX incidents_fault ON incidents (fault, time, id);
    CREATE TABLE reports (
        incident INTEGER PRIMARY KEY REFERENCES incidents,
        fault INTEGER NOT NULL REFERENCES faults,
        time INTEGER NOT NULL,
        body BLOB NOT NULL
    );
    CREATE INDEX reports_fault ON reports (fault, time, incident);
    CREATE INDEX reports_time ON reports (time, incident);
    CREATE TABLE counters (
        fault INTEGER NOT NULL REFERENCES faults,
        minute INTEGER NOT NULL,
        incidents INTEGER NOT NULL,
        PRIMARY KEY (fault, minute)
    ) WITHOUT ROWID;
    CREATE TABLE spools (
        name TEXT PRIMARY KEY,
        position INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE damages (
        spool TEXT NOT NULL,
        position INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        PRIMARY KEY (spool, position)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE faults ADD COLUMN state TEXT NOT NULL DEFAULT 'open';
    ALTER TABLE faults ADD COLUMN state_time INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX counters_minute ON counters (minute, incidents)
    """,
    # What stood in reports was both compartments in one: all of it is closed from now on.
    """
    CREATE TABLE closed (
        incident INTEGER PRIMARY KEY REFERENCES incidents,
        time INTEGER NOT NULL,
        body BLOB NOT NULL
    );
    CREATE INDEX closed_time ON closed (time, incident);
    INSERT INTO closed SELECT incident, time, body FROM reports;
    UPDATE reports SET body = x''
    """,
    """
    CREATE TABLE outlets (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        takes TEXT NOT NULL,
        settings TEXT NOT NULL DEFAULT '',
        seen_time INTEGER NOT NULL,
        delivered INTEGER NOT NULL DEFAULT 0,
        dropped INTEGER NOT NULL DEFAULT 0,
        delivered_time INTEGER NOT NULL DEFAULT 0,
        fault TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE outbox (
        outlet INTEGER NOT NULL REFERENCES outlets,
        tries INTEGER NOT NULL,
        item INTEGER NOT NULL,
        time INTEGER NOT NULL,
        PRIMARY KEY (outlet, tries, item)
    ) WITHOUT ROWID;
    CREATE TABLE alerts (
        id INTEGER PRIMARY KEY,
        outlet INTEGER NOT NULL REFERENCES outlets,
        fault INTEGER NOT NULL REFERENCES faults,
        occasion TEXT NOT NULL,
        time INTEGER NOT NULL,
        sent_time INTEGER NOT NULL,
        document TEXT NOT NULL
    );
    CREATE INDEX alerts_fault ON alerts (fault, outlet, occasion, time);
    CREATE TABLE totals (
        name TEXT NOT NULL,
        labels TEXT NOT NULL,
        value INTEGER NOT NULL,
        PRIMARY KEY (name, labels)
    ) WITHOUT ROWID
    """,
    # For those to whom this store sends what it has: its name, and what was only counted.
    """
    CREATE TABLE origin (name TEXT NOT NULL);
    INSERT INTO origin VALUES (lower(hex(randomblob(16))));
    CREATE TABLE counted (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        time INTEGER NOT NULL,
        incidents INTEGER NOT NULL,
        summary TEXT NOT NULL
    );
    CREATE INDEX counted_time ON counted (time)
    """,
    # What clients were told, by its origin where several stores are sent to one.
    """
    CREATE TABLE told (
        id INTEGER PRIMARY KEY,
        origin TEXT NOT NULL,
        code TEXT NOT NULL,
        status INTEGER NOT NULL,
        route TEXT NOT NULL,
        kind TEXT NOT NULL,
        answers INTEGER NOT NULL,
        last_time INTEGER NOT NULL,
        reference TEXT NOT NULL,
        UNIQUE (origin, code, status, route, kind)
    );
    CREATE TABLE told_minutes (
        told INTEGER NOT NULL REFERENCES told,
        minute INTEGER NOT NULL,
        answers INTEGER NOT NULL,
        PRIMARY KEY (told, minute)
    ) WITHOUT ROWID;
    CREATE INDEX told_minutes_minute ON told_minutes (minute);
    CREATE TABLE declared (
        code TEXT PRIMARY KEY,
        status INTEGER NOT NULL,
        message TEXT NOT NULL,
        place TEXT NOT NULL,
        seen_time INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
)
"""Times are microseconds, and minutes are minutes, since 1970 in UTC."""
