"""The contract that every framework keeps: the same failures, the same bytes."""
