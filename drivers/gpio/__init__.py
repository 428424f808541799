"""Lights, buzzer, contacts and locks on the pins of a Raspberry Pi."""
