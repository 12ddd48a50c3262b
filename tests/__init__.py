"""The proofs: each test states one promise of Fracturelens and fails if it is broken."""
