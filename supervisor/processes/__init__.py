"""Worker processes: made, held, counted, ended."""
