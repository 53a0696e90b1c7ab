"""A network as graphs of fixed batch shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model

#: The smaller shape's part of the larger: of a few inputs, most of a large pass would be padding.
_PART = 8
#: A large pass is made where this share of it is filled: convolutions take as long an input in passes of 8 as of 64.
_FILLED = 0.75


class Batched:
    """A network that takes any number of inputs in passes of one or two fixed shapes, so that nothing is traced twice.

    Parameters
    ----------
    model : tf_keras.Model
        Of one input and one output.
    batch : int
        Inputs per forward pass; the last pass is padded.
    small : int, optional
        Inputs of the passes that take what is left over where it is at most three quarters of a batch; by default an
        eighth. As many as `batch` make one shape: outputs are then the same to the last bit, however many inputs come
        together.

    Attributes
    ----------
    traces : int
        How often a graph was traced: once a shape at most, or shapes are not as fixed as they should be.
    """

    def __init__(self, model: Model, batch: int, small: int | None = None) -> None:
        self.traces = 0
        self._model = model
        self._batch, self._small = batch, small or max(batch // _PART, 1)
        self._graphs: dict[int, Callable[[Tensor], Tensor]] = {}

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the network over inputs (n, ...), any n; return its outputs (n, ...)."""
        import tensorflow as tf

        found = np.empty((len(inputs), *self._model.output_shape[1:]), dtype=np.float32)
        for start, size in self._passes(len(inputs)):
            chunk = inputs[start : start + size]
            count = len(chunk)
            if count < size:
                chunk = np.concatenate([chunk, np.zeros((size - count, *inputs.shape[1:]), np.float32)])
            if size not in self._graphs:
                self._graphs[size] = self._traced(size)
            found[start : start + count] = self._graphs[size](tf.constant(chunk, tf.float32)).numpy()[:count]
        return found

    def _traced(self, size: int) -> Callable[[Tensor], Tensor]:
        import tensorflow as tf

        self.traces += 1
        forward = tf.function(lambda inputs: self._model(inputs, training=False))
        graph: Callable[[Tensor], Tensor] = forward.get_concrete_function(
            tf.TensorSpec((size, *self._model.input_shape[1:]), tf.float32)
        )
        return graph

    def _passes(self, count: int) -> Iterator[tuple[int, int]]:
        """Where passes begin, and their sizes."""
        start = 0
        while start < count:
            size = self._batch if count - start > _FILLED * self._batch else self._small
            yield start, size
            start += size
