"""Backups of the hub: the whole database in one file that can be checked and put back."""
