"""Training as a job that may be stopped: films come from S3, checkpoints go there, and at last a new version."""
