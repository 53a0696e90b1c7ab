"""A network as one graph of one fixed batch shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model


class Batched:
    """A network that takes any number of inputs in passes of one fixed shape, so that nothing is traced twice.

    Parameters
    ----------
    model : tf_keras.Model
        Of one input and one output.
    batch : int
        Inputs per forward pass; the last pass is padded.

    Attributes
    ----------
    traces : int
        How often the graph was traced: once at most, or shapes are not as fixed as they should be.
    """

    def __init__(self, model: Model, batch: int) -> None:
        import tensorflow as tf

        self.traces = 0

        def forward(inputs: Tensor) -> Tensor:
            self.traces += 1  # Python runs while tracing only
            return model(inputs, training=False)

        self._batch = batch
        self._outputs = tuple(model.output_shape[1:])
        self._forward = tf.function(
            forward, input_signature=[tf.TensorSpec((batch, *model.input_shape[1:]), tf.float32)]
        )

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the network over inputs (n, ...), any n; return its outputs (n, ...)."""
        found = np.empty((len(inputs), *self._outputs), dtype=np.float32)
        for start in range(0, len(inputs), self._batch):
            chunk = inputs[start : start + self._batch]
            count = len(chunk)
            if count < self._batch:
                chunk = np.concatenate([chunk, np.zeros((self._batch - count, *inputs.shape[1:]), np.float32)])
            found[start : start + count] = self._forward(chunk).numpy()[:count]
        return found
