"""The one way through the daemon: intake, journal, evaluation, alarms, notices."""
