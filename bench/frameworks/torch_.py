"""PyTorch, eager or torch.compile (BENCH_COMPILE=1): a plain loop over tensors in memory."""

from __future__ import annotations

import os

import numpy as np


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
    activations = {"relu": torch.nn.ReLU}
    stack: list[torch.nn.Module] = []
    sample = torch.zeros(1, *shape, dtype=torch.int32 if work.ids else None)

    class LastStep(torch.nn.Module):
        def __init__(self, recurrent):
            super().__init__()
            self.recurrent = recurrent

        def forward(self, x):
            return self.recurrent(x)[0][:, -1]

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
            recurrent = torch.nn.LSTM if kind == "lstm" else torch.nn.GRU
            stack.append(LastStep(recurrent(sample.shape[-1], arguments[0], batch_first=True)))
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
        self.loss(self.run(self.x[rows]), self.y[rows]).backward()
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
