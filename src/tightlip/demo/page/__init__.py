"""The page: press a failure, and see what each twin says of it."""
