"""Runs the openCypher Technology Compatibility Kit: Gherkin scenarios with queries and their results.

`python -m tests.tck FOLDER` runs every feature in a folder; `test_tck.py` compares with the list of known failures.
"""
