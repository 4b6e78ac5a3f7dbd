"""Films and who made them: tables whose values are skewed and depend on each other, and fifty questions that join many of them."""
