"""`python -m fedi_community`: the same as the `fedi-community` command."""

from fedi_community.cli import main

if __name__ == "__main__":
    main()
