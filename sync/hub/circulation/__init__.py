"""What follows from the facts: loans, limits, holds, cases."""
