"""The site as people write it, checked in one go and compiled for the daemon."""
