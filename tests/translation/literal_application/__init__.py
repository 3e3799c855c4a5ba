"""An application whose functions raise: with words that are its own, and with words that are not."""
