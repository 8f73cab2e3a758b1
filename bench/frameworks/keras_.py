"""Keras 3 on JAX or TensorFlow (KERAS_BACKEND)."""

from __future__ import annotations

import os

from bench.frameworks.keras_like import KerasLike


class Subject(KerasLike):
    def __init__(self, work, threads: int) -> None:
        if os.environ["KERAS_BACKEND"] == "tensorflow":
            import tensorflow as tf

            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        import keras

        super().__init__(keras, work)

    def call(self, x):
        import keras

        return keras.ops.convert_to_numpy(self.model(x))
