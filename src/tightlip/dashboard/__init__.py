"""The incident page: the private side in a browser, on this machine, for those who may."""
