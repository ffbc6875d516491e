"""The one way through the daemon: intake, journal, judgement, alarms, notices."""
