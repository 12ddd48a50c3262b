"""``python -m fracturelens``: the command line."""

from fracturelens.cli import main

main()
