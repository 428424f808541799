"""Batches become stored events, each once: wire, chain, copies, gaps, quarantine."""
