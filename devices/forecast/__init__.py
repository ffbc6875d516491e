"""Forecasts and official warnings: what a message of each shape says, and where messages come from."""
