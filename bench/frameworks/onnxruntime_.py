"""ONNX Runtime: inference of the network that PyTorch exports."""

from __future__ import annotations

import io

import numpy as np


class Subject:
    def __init__(self, work, threads: int) -> None:
        import onnxruntime
        import torch

        from bench.frameworks.torch_ import build

        net = torch.nn.Sequential(*build(work), torch.nn.Softmax(-1)).eval()
        shape = work.input_shape
        self.image = len(shape) == 3
        sample = torch.zeros(1, *((shape[-1], *shape[:-1]) if self.image else shape))
        if work.ids:
            sample = sample.int()
        buffer = io.BytesIO()
        torch.onnx.export(
            net,
            (sample,),
            buffer,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes={"x": {0: "n"}, "y": {0: "n"}},
            dynamo=False,
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            buffer.getvalue(), options, providers=["CPUExecutionProvider"]
        )

    def call(self, x: np.ndarray) -> np.ndarray:
        if self.image:
            x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
        return self.session.run(None, {"x": x})[0]

    predict = call
