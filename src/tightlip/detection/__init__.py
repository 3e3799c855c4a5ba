"""Does this text carry internals?"""
