"""A point, its agent and its hub as processes of their own, killed again and again."""
