"""The daemon looking after itself: its own health, commands from people, its stop."""
