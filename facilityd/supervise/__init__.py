"""The daemon looking after itself: its own health, requests from people, its stop."""
