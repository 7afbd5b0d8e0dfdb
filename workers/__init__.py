"""Worker processes: each file is one kind of worker, named by the supervisor as a string only."""
