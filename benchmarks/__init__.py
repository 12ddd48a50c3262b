"""What a reading costs, measured: ``python benchmarks/inference.py --help``; docs/benchmarks.md has the figures."""
