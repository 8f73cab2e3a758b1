"""PyTorch, eager or torch.compile (BENCH_COMPILE=1): a plain loop over tensors in memory."""

from __future__ import annotations

import os

import numpy as np


def _conv_bn(channels: int, filters: int, size: int, stride: int) -> list:
    import torch

    conv = torch.nn.Conv2d(channels, filters, size, stride, size // 2, bias=False)
    return [conv, torch.nn.BatchNorm2d(filters)]


def module_classes() -> dict:
    """The parts of networks that torch has no module for, as its users write them."""
    import torch
    from torch.nn import functional

    class Residual(torch.nn.Module):
        def __init__(self, channels: int, filters: int, stride: int) -> None:
            super().__init__()
            self.main = torch.nn.Sequential(
                *_conv_bn(channels, filters, 3, stride),
                torch.nn.ReLU(),
                *_conv_bn(filters, filters, 3, 1),
            )
            same = stride == 1 and channels == filters
            self.shortcut = (
                torch.nn.Identity()
                if same
                else torch.nn.Sequential(*_conv_bn(channels, filters, 1, stride))
            )

        def forward(self, x):
            return torch.relu(self.main(x) + self.shortcut(x))

    class Positions(torch.nn.Module):
        def __init__(self, *shape: int) -> None:
            super().__init__()
            self.table = torch.nn.Parameter(0.05 * torch.randn(*shape))

        def forward(self, x):
            return x + self.table

    class LastStep(torch.nn.Module):
        def __init__(self, recurrent) -> None:
            super().__init__()
            self.recurrent = recurrent

        def forward(self, x):
            return self.recurrent(x)[0][:, -1]

    class Transformer(torch.nn.Module):
        def __init__(self, size: int, heads: int) -> None:
            super().__init__()
            self.heads = heads
            self.first_norm = torch.nn.LayerNorm(size)
            self.second_norm = torch.nn.LayerNorm(size)
            self.project = torch.nn.Linear(size, 3 * size)
            self.out = torch.nn.Linear(size, size)
            self.net = torch.nn.Sequential(
                torch.nn.Linear(size, 4 * size), torch.nn.GELU(), torch.nn.Linear(4 * size, size)
            )

        def forward(self, x):
            n, t, size = x.shape
            parts = self.project(self.first_norm(x)).view(n, t, 3, self.heads, -1)
            q, k, v = parts.permute(2, 0, 3, 1, 4)
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(n, t, size))
            return x + self.net(self.second_norm(x))

    return {
        "residual": Residual,
        "positions": Positions,
        "recurrent": LastStep,
        "transformer": Transformer,
    }


def build(work):
    """The work's network; its last softmax is part of torch's loss."""
    import torch

    shape = (
        work.input_shape
        if len(work.input_shape) == 1
        else (
            work.input_shape[-1],
            *work.input_shape[:-1],
        )
    )
    modules = module_classes()
    activations = {"relu": torch.nn.ReLU}
    stack: list[torch.nn.Module] = []
    sample = torch.zeros(1, *shape, dtype=torch.int32 if work.ids else None)
    for kind, *arguments in work.layers:
        before = len(stack)
        if kind == "dense":
            stack.append(torch.nn.Linear(sample.shape[-1], arguments[0]))
        elif kind == "conv":
            stack.append(torch.nn.Conv2d(sample.shape[1], arguments[0], arguments[1]))
        elif kind == "maxpool":
            stack.append(torch.nn.MaxPool2d(arguments[0]))
        elif kind == "flatten":
            stack.append(torch.nn.Flatten())
        elif kind == "dropout":
            stack.append(torch.nn.Dropout(arguments[0]))
        elif kind == "embedding":
            stack.append(torch.nn.Embedding(*arguments))
        elif kind in ("lstm", "gru"):
            make = torch.nn.LSTM if kind == "lstm" else torch.nn.GRU
            recurrent = make(sample.shape[-1], arguments[0], batch_first=True)
            stack.append(modules["recurrent"](recurrent))
        elif kind == "conv-bn":
            stack += _conv_bn(sample.shape[1], arguments[0], 3, 1)
            stack.append(torch.nn.ReLU())
        elif kind == "residual":
            stack.append(modules["residual"](sample.shape[1], *arguments))
        elif kind == "global-average":
            stack += [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()]
        elif kind == "positions":
            stack.append(modules["positions"](*sample.shape[1:]))
        elif kind == "transformer":
            stack.append(modules["transformer"](sample.shape[-1], *arguments))
        elif kind == "layer-norm":
            stack.append(torch.nn.LayerNorm(sample.shape[-1]))
        if arguments and arguments[-1] in activations:
            stack.append(activations[arguments[-1]]())
        sample = torch.nn.Sequential(*stack[before:])(sample)
    return torch.nn.Sequential(*stack)


class Subject:
    def __init__(self, work, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.torch = torch
        self.work = work
        x, y = work.data()
        if x.ndim == 4:
            x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
        self.x = torch.from_numpy(x)
        self.y = torch.from_numpy(y.astype(np.int64))
        self.net = build(work)
        self.run = torch.compile(self.net) if os.environ.get("BENCH_COMPILE") else self.net
        self.loss = torch.nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(self.net.parameters())

    def _step(self, rows) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(self.run(self.x[rows]).flatten(0, -2), self.y[rows].flatten()).backward()
        self.optimizer.step()

    def first_step(self) -> None:
        self.net.train()
        self._step(self.torch.arange(self.work.batch_size))

    def epoch(self) -> None:
        self.net.train()
        for rows in self.torch.randperm(len(self.x)).split(self.work.batch_size):
            self._step(rows)

    def call(self, x: np.ndarray) -> np.ndarray:
        self.net.eval()
        with self.torch.inference_mode():
            t = self.torch.from_numpy(x if x.ndim != 4 else x.transpose(0, 3, 1, 2).copy())
            return self.torch.softmax(self.run(t), -1).numpy()

    predict = call
