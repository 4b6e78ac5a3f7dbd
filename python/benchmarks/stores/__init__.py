"""How each library is opened, filled and asked in its best form, in one place for all workloads."""
