"""Fetch and check Fashion-MNIST, and say where it is: `python -m lightning_modules.data`."""

import sys

from lightning_modules.data.fashion_mnist_files import (
    FashionMNISTDamaged,
    FashionMNISTUnavailable,
    load,
    location,
)


def main() -> int:
    """Return the exit status."""
    try:
        load()
    except (FashionMNISTUnavailable, FashionMNISTDamaged) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Fashion-MNIST is complete and unchanged: {location()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
