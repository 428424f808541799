"""Frozen values and pure rules of lending; no framework, no hardware, no clock."""
