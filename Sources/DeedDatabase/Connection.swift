// Runs statements: from text to results.
