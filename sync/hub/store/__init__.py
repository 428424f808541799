"""The hub's database: tables, one writer at a time, what is read once."""
