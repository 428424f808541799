"""Kiosks, agents, hub, network and clocks as one machine that hypothesis drives."""
