"""What the county has: catalogue, patrons, rules, users."""
