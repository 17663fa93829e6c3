"""`python -m lightning_modules fit --help`."""

from lightning_modules.cli import main

if __name__ == "__main__":
    main()
