"""Runs the files of sqllogictest: statements of SQL with the results that they are to have."""
