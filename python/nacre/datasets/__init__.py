"""Data sets: ``load_data()`` gives ``(x_train, y_train), (x_test, y_test)``.

``digits`` comes with the package. The others are read from the folder that the
environment variable ``NACRE_DATA`` names, or from the cache, or downloaded once.
"""

from nacre.datasets import (
    boston_housing as boston_housing,
    california_housing as california_housing,
    cifar10 as cifar10,
    cifar100 as cifar100,
    digits as digits,
    fashion_mnist as fashion_mnist,
    imdb as imdb,
    mnist as mnist,
    reuters as reuters,
)

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "digits",
    "fashion_mnist",
    "imdb",
    "mnist",
    "reuters",
]
