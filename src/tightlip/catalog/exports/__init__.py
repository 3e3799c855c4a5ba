"""The catalog in other tools' forms."""
