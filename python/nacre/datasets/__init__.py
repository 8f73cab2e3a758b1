"""Data sets: ``load_data()`` gives ``(x_train, y_train), (x_test, y_test)``.

``digits`` comes with the package. The others are read from the folder that the
environment variable ``NACRE_DATA`` names, or from the cache, or downloaded once.
"""

from nacre.datasets import (
    boston_housing as boston_housing,
    cifar10 as cifar10,
    digits as digits,
    fashion_mnist as fashion_mnist,
    mnist as mnist,
)

__all__ = ["boston_housing", "cifar10", "digits", "fashion_mnist", "mnist"]
