// Plans queries: from what was written to what is run.
