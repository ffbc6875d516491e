"""A package, so that the browser ends with its tests: its loop would be in the way of virtual time."""
