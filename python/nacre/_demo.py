"""``nacre demo``: the main job from data to a checked, reloaded model."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nacre.utils.console import print_msg

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODEL_FILE = "nacre-demo.nacre"
CURVES_FILE = "nacre-demo.png"


class Recipe(NamedTuple):
    """How to train: the learning rate falls to 0 along a cosine."""

    epochs: int
    batch_size: int
    learning_rate: float


RECIPES = {
    ("digits", "mlp"): Recipe(20, 16, 3e-3),
    ("digits", "cnn"): Recipe(20, 16, 2e-3),
    ("mnist", "mlp"): Recipe(5, 32, 1e-3),
    ("mnist", "cnn"): Recipe(5, 64, 2e-3),
    ("fashion_mnist", "mlp"): Recipe(10, 32, 1e-3),
    ("fashion_mnist", "cnn"): Recipe(10, 64, 2e-3),
    ("cifar10", "mlp"): Recipe(10, 32, 1e-3),
    ("cifar10", "cnn"): Recipe(20, 64, 2e-3),
}
_LARGEST_VALUE = {"digits": 16}  # of a pixel; 255 elsewhere


class Data(NamedTuple):
    """Images of shape (n, height, width, channels), float32 from 0 to 1, and class ids."""

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    class_names: tuple[str, ...]


def run(
    dataset: str = "digits",
    model: str = "mlp",
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    output_dir: str = "nacre-demo",
) -> bool:
    """Trains, evaluates, saves, reloads and checks, and prints all of it.

    Args:
        dataset: ``"digits"``, ``"mnist"``, ``"fashion_mnist"`` or ``"cifar10"``.
        model: ``"mlp"`` or ``"cnn"``.
        epochs: Number of epochs. Defaults to what the data and the model need.
        batch_size: Size of a batch. Defaults to the same.
        seed: Seed of weights, shuffles and dropout.
        output_dir: Where the model and its curves go.

    Returns:
        Whether the reloaded model predicts the same bits.

    Example:

    >>> from nacre import _demo
    >>> _demo.run(epochs=1)  # doctest: +SKIP
    """
    import nacre

    recipe = RECIPES[dataset, model]
    recipe = recipe._replace(
        epochs=epochs or recipe.epochs, batch_size=batch_size or recipe.batch_size
    )
    data = load(dataset)
    nacre.utils.set_random_seed(seed)
    net = build(model, data.x_train.shape[1:], len(data.class_names))
    compile_model(net, recipe, len(data.x_train))
    shape = "x".join(map(str, data.x_train.shape[1:]))
    print_msg(
        f"{dataset}: {len(data.x_train)} images to train on, {len(data.x_test)} to test on, "
        f"{shape}, {len(data.class_names)} classes"
    )
    net.summary()

    # The test set is only watched here: nothing is chosen by it.
    began = time.perf_counter()
    history = net.fit(
        data.x_train,
        data.y_train,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        validation_data=(data.x_test, data.y_test),
        verbose=1,
    )
    seconds = time.perf_counter() - began
    scores = net.evaluate(data.x_test, data.y_test, verbose=0, return_dict=True)
    probabilities = np.asarray(net.predict(data.x_test, verbose=0))

    print_msg("")
    confusion = confusion_matrix(data.y_test, probabilities.argmax(axis=-1), len(data.class_names))
    print_msg(class_table(confusion, data.class_names))
    print_msg("")
    print_msg(confusion_table(confusion, data.class_names))
    print_msg("")
    print_msg(
        f"test accuracy {100 * scores['accuracy']:.2f} %, test loss {scores['loss']:.4f}, "
        f"{recipe.epochs} epochs in {seconds:.1f} s, seed {seed}"
    )

    os.makedirs(output_dir, exist_ok=True)
    path = os.path.join(output_dir, MODEL_FILE)
    net.save(path)
    reloaded = nacre.saving.load_model(path)
    same = same_bits(probabilities, np.asarray(reloaded.predict(data.x_test, verbose=0)))
    print_msg(f"saved {path} ({os.path.getsize(path) / 1e6:.2f} MB)")
    verdict = "predicts the same bits" if same else "FAILED: it predicts other bits"
    print_msg(f"reloaded: {verdict} on {len(data.x_test)} images")
    _write_curves(history, output_dir, f"{dataset}, {model}")
    return same


def load(dataset: str) -> Data:
    """Loads a data set for the demo.

    Args:
        dataset: Its name.

    Returns:
        The data, scaled to 0 to 1, with a channel dimension.
    """
    from nacre import datasets

    module = getattr(datasets, dataset)
    (x_train, y_train), (x_test, y_test) = module.load_data()
    largest = np.float32(_LARGEST_VALUE.get(dataset, 255))

    def scaled(x: NDArray[Any]) -> NDArray[np.float32]:
        x = x.astype("float32") / largest
        return x if x.ndim == 4 else x[..., None]

    return Data(
        scaled(x_train),
        y_train.reshape(-1).astype("int64"),
        scaled(x_test),
        y_test.reshape(-1).astype("int64"),
        module.class_names,
    )


def build(model: str, shape: Sequence[int], classes: int) -> Any:
    """Builds the network of the demo.

    Args:
        model: ``"mlp"`` or ``"cnn"``.
        shape: ``(height, width, channels)`` of an image.
        classes: Number of classes.

    Returns:
        A ``nacre.Sequential``.
    """
    import nacre
    from nacre import layers

    net = nacre.Sequential(name=f"demo_{model}")
    net.add(layers.Input(shape=tuple(shape)))
    if model == "mlp":
        net.add(layers.Flatten())
        net.add(layers.Dense(128, activation="relu"))
        net.add(layers.Dense(64, activation="relu"))
    else:
        # Two unpadded convolutions would leave nothing of an 8x8 image.
        padding = "same" if min(shape[:2]) < 16 else "valid"
        for filters in (32, 64):
            net.add(layers.Conv2D(filters, (3, 3), activation="relu", padding=padding))
            net.add(layers.MaxPooling2D((2, 2)))
        net.add(layers.Flatten())
        net.add(layers.Dropout(0.5))
    net.add(layers.Dense(classes, activation="softmax"))
    return net


def compile_model(net: Any, recipe: Recipe, samples: int) -> None:
    """Gives the network its optimizer, loss and metric.

    Args:
        net: The network.
        recipe: How to train it.
        samples: Number of training images.
    """
    from nacre import optimizers

    steps = -(-samples // recipe.batch_size) * recipe.epochs
    rate = optimizers.schedules.CosineDecay(recipe.learning_rate, steps)
    net.compile(
        optimizer=optimizers.Adam(rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def same_bits(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Says whether two arrays are the same to the last bit.

    Args:
        a: An array.
        b: Another.

    Returns:
        ``True`` if dtype, shape and every byte are equal.
    """
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def confusion_matrix(
    y_true: NDArray[np.int64], y_pred: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Counts pairs of true and predicted classes.

    Args:
        y_true: True class ids.
        y_pred: Predicted class ids.
        classes: Number of classes.

    Returns:
        Array of shape ``(classes, classes)``: row true, column predicted.
    """
    counts = np.bincount(y_true * classes + y_pred, minlength=classes * classes)
    return counts.reshape(classes, classes)


def class_table(confusion: NDArray[np.int64], names: Sequence[str]) -> str:
    """Makes the table of precision, recall, F1 and support for each class.

    A ratio without cases is 0.

    Args:
        confusion: Of ``confusion_matrix``.
        names: Names of the classes.

    Returns:
        The table as text, with the means over classes below.
    """
    hits = np.diag(confusion).astype(float)
    predicted, support = confusion.sum(axis=0), confusion.sum(axis=1)
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(predicted + support, 1)
    width = max(len("class"), *map(len, names))
    lines = [f"{'class':>{width}}  precision  recall      f1  support"]
    rows = [*zip(names, precision, recall, f1, support, strict=True)]
    rows.append(("mean", precision.mean(), recall.mean(), f1.mean(), support.sum()))
    for name, p, r, f, n in rows:
        lines.append(f"{name:>{width}}  {p:9.4f}  {r:6.4f}  {f:6.4f}  {n:7d}")
    return "\n".join(lines)


def confusion_table(confusion: NDArray[np.int64], names: Sequence[str]) -> str:
    """Makes the table of the confusion matrix.

    Args:
        confusion: Of ``confusion_matrix``.
        names: Names of the classes.

    Returns:
        The table as text; zeros are dots.
    """
    width = max(4, len(str(confusion.max())) + 1)
    label = max(len("true"), *map(len, names))
    heads = [name if len(name) < width else str(i) for i, name in enumerate(names)]
    lines = [
        f"{'':>{label}} predicted",
        f"{'true':>{label}} " + "".join(f"{head:>{width}}" for head in heads),
    ]
    for name, row in zip(names, confusion, strict=True):
        cells = "".join(f"{n if n else '.':>{width}}" for n in row.tolist())
        lines.append(f"{name:>{label}} {cells}")
    return "\n".join(lines)


def _write_curves(history: Any, folder: str, title: str) -> None:
    from nacre.utils.plotting import plot_history

    path = os.path.join(folder, CURVES_FILE)
    try:
        plot_history(history, to_file=path, title=title)
    except ImportError:
        print_msg("no curves: matplotlib is not installed (pip install 'nacre[plot]')")
        return
    print_msg(f"curves {path}")
