"""Real signed batches through a line that cuts at every step, again and again."""
