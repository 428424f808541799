"""USB sticks for points without a network."""
