"""The bytes that leave."""
