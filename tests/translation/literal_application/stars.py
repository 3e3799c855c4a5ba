from .reexports import *
