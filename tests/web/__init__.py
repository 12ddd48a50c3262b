"""The page, driven in a real Chromium against the real server, and its modules by themselves."""
