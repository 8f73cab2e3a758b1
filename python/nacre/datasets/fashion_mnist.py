"""Fashion-MNIST: 70,000 pictures of clothes, 28x28 (Xiao, Rasul, Vollgraf 2017)."""

from __future__ import annotations

from nacre.datasets import _files

_BASE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_SOURCES = (
    _files.Source(
        _BASE + "train-images-idx3-ubyte.gz",
        26421880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    ),
    _files.Source(
        _BASE + "train-labels-idx1-ubyte.gz",
        29515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    ),
    _files.Source(
        _BASE + "t10k-images-idx3-ubyte.gz",
        4422102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    ),
    _files.Source(
        _BASE + "t10k-labels-idx1-ubyte.gz",
        5148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
)

class_names: tuple[str, ...] = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def load_data() -> tuple[_files.Split, _files.Split]:
    """Loads Fashion-MNIST.

    Looked for in the folder ``NACRE_DATA`` (the four idx files, gzipped or not,
    in ``fashion-mnist/``), then in the cache (``NACRE_HOME`` or ``~/.nacre``,
    then Keras's); else downloaded. ``class_names`` names the classes.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 images of shape
        ``(60000, 28, 28)`` and ``(10000, 28, 28)`` with values 0 to 255, and
        uint8 labels 0 to 9.

    Raises:
        OSError: If the files are nowhere and cannot be downloaded.
        ValueError: If a file is damaged.

    Example:

    >>> import nacre
    >>> train, test = nacre.datasets.fashion_mnist.load_data()  # doctest: +SKIP
    """
    paths = _files.find_idx_images(["fashion-mnist", "fashion_mnist"])
    if paths is None:
        paths = [_files.fetch("fashion_mnist", source, "fashion-mnist") for source in _SOURCES]
    return _files.read_idx_images(paths)
