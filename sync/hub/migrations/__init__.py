"""The hub's schema, step by step; `migrate` brings a database to the newest step."""
