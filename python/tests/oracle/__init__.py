"""A naive interpreter of Cypher, to compare Deed's results with, and random queries for both.

Queries are trees (expressions, clauses) that can write themselves down as text and run themselves by nested loops over
dictionaries. Slow and without any plan, so that the two have no mistakes in common.
"""
