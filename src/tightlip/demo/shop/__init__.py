"""A small shop, written the way many services are: it works, and its errors tell too much."""
