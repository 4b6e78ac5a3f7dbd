"""The twenty-two queries of TPC-H, and its tables: made by a generator, or small ones that are made here."""
