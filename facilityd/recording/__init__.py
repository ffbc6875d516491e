"""The raw traffic of one link, captured and kept: a bug from the field becomes a test."""
