"""Deed measured side by side with its peers: `python -m benchmarks` from the folder above. README.md explains it."""
