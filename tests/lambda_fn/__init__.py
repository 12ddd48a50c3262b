"""The Lambda handler in the Runtime Interface Emulator, with S3 by moto's server."""
