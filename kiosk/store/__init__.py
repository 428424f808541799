"""SQLite behind the ports: the precious ledger and the rebuildable mirror."""
