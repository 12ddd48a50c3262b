"""Proofs about the Lambda's image: what it is built from, what is in it, and that it reads films where Lambda would."""
