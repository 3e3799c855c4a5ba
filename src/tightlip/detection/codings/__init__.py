"""Content codings (RFC 9110, section 8.4.1), one a file, found by their registered name.

A module offers `Decompressor()` with `feed(data)`, which yields what `data` holds in pieces of at
most a few hundred kilobytes, so that a bomb is seen before it is inflated, and raises `ValueError`
if the data are damaged; and with `is_complete`, which tells whether the data may end there.
"""
