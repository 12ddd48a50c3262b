"""From films to a model bundle: data sets, fine-tuning, calibration, evaluation, export."""
