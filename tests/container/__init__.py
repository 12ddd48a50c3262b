"""Proofs about the images of the Docker host: the service and training, as a host would run them."""
