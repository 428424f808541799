"""The service point: what a loan is."""
