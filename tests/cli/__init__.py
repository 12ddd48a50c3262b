"""The command line, tested as users run it."""
