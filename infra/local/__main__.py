"""``python -m infra.local``: the deployed system on this machine, and a token for it."""

from infra.local.command import main

if __name__ == "__main__":
    main()
