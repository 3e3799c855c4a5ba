from literal_application import words
from literal_application.words import CLOSED, GONE as MISSING, SOLD_OUT

__all__ = ["CLOSED", "MISSING", "SOLD_OUT", "words"]
