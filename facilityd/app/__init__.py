"""Composition: a site becomes a running daemon."""
