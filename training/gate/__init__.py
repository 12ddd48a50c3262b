"""The part of the gate that is learnt: which images are unlike the films that the network knows."""
