"""One file a framework: the same few functions over its own API.

Each module has ``Subject(work, threads)`` with

- ``epoch()``: trains one epoch over the work's data, in the framework's usual way, and returns when
  it is finished;
- ``first_step()``: trains the first batch of a fresh network (building, compiling included);
- ``call(x)`` and ``predict(x)``: a batch's output as a NumPy array, the light and the heavy way.
"""

FRAMEWORKS = {
    "nacre": ("bench.frameworks.nacre_", {}),
    "torch": ("bench.frameworks.torch_", {}),
    "torch-compile": ("bench.frameworks.torch_", {"BENCH_COMPILE": "1"}),
    "keras-jax": ("bench.frameworks.keras_", {"KERAS_BACKEND": "jax"}),
    "keras-tensorflow": ("bench.frameworks.keras_", {"KERAS_BACKEND": "tensorflow"}),
    "onnxruntime": ("bench.frameworks.onnxruntime_", {}),
}
