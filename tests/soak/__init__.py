"""Long runs of what `make test` shows in short: `python -m tests.soak`."""
