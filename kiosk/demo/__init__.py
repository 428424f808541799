"""The bench: a county, a kiosk and its hardware on one machine, for trying and testing."""
