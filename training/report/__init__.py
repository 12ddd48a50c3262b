"""Results as readers meet them: pages, figures, example films and the model card."""
