"""What happened: the event log, the log files, and who is told."""
