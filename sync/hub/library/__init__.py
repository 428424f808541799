"""Loans, returns and renewals on their way to the county's own library system."""
