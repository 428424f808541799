"""What is plugged in: bytes, never books."""
