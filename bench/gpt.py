"""A small GPT (4 layers, 4 heads, 128 features, length 64, batch 12, Adam) beside PyTorch.

    python -m bench.gpt [--threads 2] [--rounds 7]

Epochs are interleaved. Wall-clock rates are medians; the processor's time of a step, which other
processes on the machine disturb less, is the best.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

import numpy as np

LENGTH, FEATURES, HEADS, LAYERS, VOCABULARY, BATCH, STEPS = 64, 128, 4, 4, 65, 12, 40


def nacre_epoch(x: np.ndarray, y: np.ndarray) -> Any:
    """A function that trains nacre's model for an epoch."""
    import nacre
    from nacre import layers

    class Block(layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.norm1 = layers.LayerNormalization(epsilon=1e-5)
            self.attention = layers.MultiHeadAttention(HEADS, FEATURES // HEADS)
            self.norm2 = layers.LayerNormalization(epsilon=1e-5)
            self.up = layers.Dense(4 * FEATURES, activation="gelu")
            self.down = layers.Dense(FEATURES)

        def call(self, inputs: Any) -> Any:
            normal = self.norm1(inputs)
            x = inputs + self.attention(normal, normal, use_causal_mask=True)
            return x + self.down(self.up(self.norm2(x)))

    class Gpt(nacre.Model):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.tokens = layers.Embedding(VOCABULARY, FEATURES)
            self.positions = layers.PositionEmbedding(LENGTH)
            self.blocks = [Block() for _ in range(LAYERS)]
            self.norm = layers.LayerNormalization(epsilon=1e-5)
            self.head = layers.Dense(VOCABULARY)

        def call(self, inputs: Any) -> Any:
            x = self.tokens(inputs)
            x = x + self.positions(x)
            for block in self.blocks:
                x = block(x)
            return self.head(self.norm(x))

    model = Gpt()
    loss = nacre.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss)
    return lambda: model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0, shuffle=False)


def torch_epoch(x: np.ndarray, y: np.ndarray, threads: int) -> Any:
    """The same in PyTorch, eager, with scaled_dot_product_attention."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    torch.set_num_threads(threads)

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(FEATURES), nn.LayerNorm(FEATURES)
            self.qkv = nn.Linear(FEATURES, 3 * FEATURES)
            self.out = nn.Linear(FEATURES, FEATURES)
            self.up = nn.Linear(FEATURES, 4 * FEATURES)
            self.down = nn.Linear(4 * FEATURES, FEATURES)

        def forward(self, x: Any) -> Any:
            parts = self.qkv(self.norm1(x)).split(FEATURES, -1)
            q, k, v = (p.unflatten(-1, (HEADS, -1)).transpose(1, 2) for p in parts)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).flatten(2))
            return x + self.down(F.gelu(self.up(self.norm2(x))))

    class Gpt(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(VOCABULARY, FEATURES)
            self.positions = nn.Embedding(LENGTH, FEATURES)
            self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
            self.norm, self.head = nn.LayerNorm(FEATURES), nn.Linear(FEATURES, VOCABULARY)

        def forward(self, ids: Any) -> Any:
            x = self.tokens(ids) + self.positions.weight
            return self.head(self.norm(self.blocks(x)))

    model = Gpt()
    optimizer = torch.optim.Adam(model.parameters())
    ids, labels = torch.from_numpy(x).long(), torch.from_numpy(y).long()

    def epoch() -> None:
        for at in range(0, len(ids), BATCH):
            optimizer.zero_grad(set_to_none=True)
            logits = model(ids[at : at + BATCH])
            F.cross_entropy(logits.flatten(0, 1), labels[at : at + BATCH].flatten()).backward()
            optimizer.step()

    return epoch


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gpt", description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    os.environ["NACRE_NUM_THREADS"] = str(arguments.threads)
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, VOCABULARY, (2, BATCH * STEPS, LENGTH)).astype(np.int32)
    epochs = {"nacre": nacre_epoch(x, y), "torch": torch_epoch(x, y, arguments.threads)}
    wall: dict[str, list[float]] = {name: [] for name in epochs}
    processor: dict[str, list[float]] = {name: [] for name in epochs}
    for round_number in range(arguments.rounds + 1):
        for name, epoch in epochs.items():
            started, used = time.perf_counter(), time.process_time()
            epoch()
            if round_number:  # the first one records, compiles and warms up
                wall[name].append(time.perf_counter() - started)
                processor[name].append(time.process_time() - used)
    for name in epochs:
        rate = len(x) / statistics.median(wall[name])
        step = 1e3 * min(processor[name]) / STEPS
        print(f"{name:6s} {rate:7.0f} samples/s, {step:6.2f} ms of processor time a step")


if __name__ == "__main__":
    main()
