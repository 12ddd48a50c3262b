"""Proofs about the benchmarks: that they compare like with like, and that the page shows what was measured."""
