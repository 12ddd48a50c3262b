"""Is the explanation true? Heatmaps against chance, randomised networks and a second training."""
