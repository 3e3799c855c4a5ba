"""A small real API, its leaking twin, and a page that shows both."""
