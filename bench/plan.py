"""Plans with and without their passes: nodes, time to build, steps per second.

    python -m bench.plan mlp cnn resnet20 gelu-mlp --threads 1

The two take turns, an equal number of steps each, several rounds, medians.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.table import show


def mlp() -> tuple[Any, tuple[int, ...]]:
    """784-128-64-10."""
    from nacre import Input, Sequential, layers

    return Sequential(
        [
            Input((784,)),
            layers.Dense(128, "relu"),
            layers.Dense(64, "relu"),
            layers.Dense(10, "softmax"),
        ]
    ), (784,)


def gelu_mlp() -> tuple[Any, tuple[int, ...]]:
    """Layer normalization, GELU and dropout."""
    from nacre import Input, Sequential, layers

    stack: list[Any] = [Input((256,))]
    for _ in range(3):
        stack += [
            layers.Dense(256),
            layers.LayerNormalization(),
            layers.Activation("gelu"),
            layers.Dropout(0.1),
        ]
    return Sequential([*stack, layers.Dense(10, "softmax")]), (256,)


def cnn() -> tuple[Any, tuple[int, ...]]:
    """Two convolutions with batch normalization."""
    from nacre import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10, "softmax"),
        ]
    ), (28, 28, 1)


def resnet20() -> tuple[Any, tuple[int, ...]]:
    """ResNet-20 for CIFAR-10 (He et al. 2016), with projections where the size changes."""
    from nacre import Model, layers

    def convolution(filters: int, size: int = 3, stride: int = 1) -> Any:
        return layers.Conv2D(filters, size, stride, padding="same", use_bias=False)

    class Block(layers.Layer):
        def __init__(self, filters: int, stride: int) -> None:
            super().__init__()
            self.first, self.second = convolution(filters, 3, stride), convolution(filters)
            self.norm, self.norm_2 = layers.BatchNormalization(), layers.BatchNormalization()
            self.relu, self.relu_2 = layers.ReLU(), layers.ReLU()
            self.short = convolution(filters, 1, stride) if stride > 1 else layers.Identity()

        def call(self, x: Any, training: bool = False) -> Any:
            y = self.relu(self.norm(self.first(x), training=training))
            y = self.norm_2(self.second(y), training=training)
            return self.relu_2(y + self.short(x))

    class ResNet(Model):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.norm, self.relu = (
                convolution(16), layers.BatchNormalization(), layers.ReLU(),
            )  # fmt: skip
            self.blocks = [
                Block(filters, 2 if block == 0 and filters > 16 else 1)
                for filters in (16, 32, 64)
                for block in range(3)
            ]
            self.pool, self.head = layers.GlobalAveragePooling2D(), layers.Dense(10, "softmax")

        def call(self, x: Any, training: bool = False) -> Any:
            x = self.relu(self.norm(self.stem(x), training=training))
            for block in self.blocks:
                x = block(x, training=training)
            return self.head(self.pool(x))

    return ResNet(), (32, 32, 3)


def transformer() -> tuple[Any, tuple[int, ...]]:
    """12 blocks of causal attention (4 heads) and a network for each token, width 128."""
    from nacre import Model, layers

    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.norm_2 = layers.LayerNormalization(), layers.LayerNormalization()
            self.attention = layers.MultiHeadAttention(4, 32)
            self.wide, self.narrow = layers.Dense(512, "gelu"), layers.Dense(128)
            self.dropout = layers.Dropout(0.1)

        def call(self, x: Any, training: bool = False) -> Any:
            y = self.norm(x)
            x = x + self.attention(y, y, use_causal_mask=True)
            y = self.narrow(self.wide(self.norm_2(x)))
            return x + self.dropout(y, training=training)

    class Transformer(Model):
        def __init__(self) -> None:
            super().__init__()
            self.entry = layers.Dense(128)
            self.blocks = [Block() for _ in range(12)]
            self.norm, self.pool = layers.LayerNormalization(), layers.GlobalAveragePooling1D()
            self.head = layers.Dense(10, "softmax")

        def call(self, x: Any, training: bool = False) -> Any:
            x = self.entry(x)
            for block in self.blocks:
                x = block(x, training=training)
            return self.head(self.pool(self.norm(x)))

    return Transformer(), (32, 16)


MODELS: dict[str, tuple[Callable[[], tuple[Any, tuple[int, ...]]], int]] = {
    "mlp": (mlp, 32),
    "gelu-mlp": (gelu_mlp, 64),
    "cnn": (cnn, 32),
    "resnet20": (resnet20, 8),
    "transformer": (transformer, 4),
}


class Subject:
    """A compiled model whose step was recorded under a setting of NACRE_PASSES."""

    def __init__(self, name: str, setting: str, optimizer: str) -> None:
        make, batch = MODELS[name]
        self.model, shape = make()
        self.model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        rng = np.random.default_rng(0)
        self.batch = batch
        self.x = rng.standard_normal((batch * 20, *shape), dtype=np.float32)
        self.y = rng.integers(0, 10, batch * 20).astype(np.int32)
        os.environ["NACRE_PASSES"] = setting
        start = time.perf_counter()
        self.model.train_on_batch(self.x[:batch], self.y[:batch])
        self.first_step = time.perf_counter() - start
        self.run(1)
        texts: list[str] = []
        self.model.plan_summary(print_fn=texts.append)
        self.text = texts[0]
        self.rates: list[float] = []

    def run(self, epochs: int) -> int:
        """Trains for some epochs; the number of steps."""
        self.model.fit(self.x, self.y, self.batch, epochs, verbose=0, shuffle=False)
        return epochs * 20

    def measure(self, seconds: float) -> None:
        """Steps for about this long, and notes the rate."""
        start, steps = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            steps += self.run(5)
        self.rates.append(steps / (time.perf_counter() - start))

    def found(self, pattern: str) -> str:
        """A number of the plan's summary."""
        match = re.search(pattern, self.text)
        assert match
        return match.group(1)


def main() -> None:
    """Reads the command line and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.plan", description=__doc__)
    parser.add_argument("models", nargs="+", choices=sorted(MODELS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each round")
    parser.add_argument("--optimizer", default="adam")
    parser.add_argument("--without", default="none", help="NACRE_PASSES of the other side")
    arguments = parser.parse_args()
    import nacre

    nacre.config.set_num_threads(arguments.threads)
    rows = []
    for name in arguments.models:
        with_passes = Subject(name, "", arguments.optimizer)
        without = Subject(name, arguments.without, arguments.optimizer)
        for _ in range(arguments.rounds):
            with_passes.measure(arguments.seconds)
            without.measure(arguments.seconds)
        fast, slow = statistics.median(with_passes.rates), statistics.median(without.rates)
        rows.append(
            [
                name,
                with_passes.found(r"Recorded ops: (\d+)"),
                with_passes.found(r"kernels: (\d+)"),
                with_passes.found(r"Built in ([\d.]+)"),
                f"{1e3 * with_passes.first_step:,.0f}",
                with_passes.found(r"Memory: (\S+ \S+) for"),
                without.found(r"Memory: (\S+ \S+) for"),
                f"{fast:,.0f}",
                f"{slow:,.0f}",
                f"{fast / slow:.2f}",
            ]
        )
    show(
        f"Training steps, {arguments.optimizer}, {arguments.threads} threads",
        [
            "Model",
            "Recorded",
            "Kernels",
            "Build ms",
            "First step ms",
            "Memory",
            "without",
            "Steps/s",
            "without",
            "Ratio",
        ],  # fmt: skip
        rows,
    )


if __name__ == "__main__":
    main()
