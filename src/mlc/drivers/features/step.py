"""What the steps have in common: a transformer of scikit-learn that brings its own form in ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

Numbers = NDArray[np.float32]
Names = NDArray[np.object_]


class UnfitError(ValueError):
    """Features that cannot be built: a sentence to show, and the field to blame."""

    def __init__(self, detail: str, path: str) -> None:
        super().__init__(detail)
        self.path = path


class Step(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer of an array (n, columns in) to float32 (n, columns out).

    A subclass has `transform`, `names` and `onnx`, which says the same in ONNX: it is handed the graph and the name of
    what goes in, and gives the name of what comes out.
    """

    names_in_: list[str]

    def learn_names(self, table: Any) -> None:
        """Keep what the columns are called, as scikit-learn does; x0, x1, … where they have no names."""
        names = getattr(table, "columns", None)
        self.names_in_ = [f"x{place}" for place in range(table.shape[1])] if names is None else [*names]

    def names(self, names_in: Sequence[str]) -> list[str]:
        raise NotImplementedError

    def onnx(self, nodes: Nodes, given: str) -> str:
        raise NotImplementedError

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> Names:
        """The names of the columns out, as scikit-learn asks for them."""
        check_is_fitted(self)
        return np.array(
            self.names(list(self.names_in_ if input_features is None else input_features)), object
        )

    def onnx_parser(self) -> Callable[..., list[Any]]:
        """What skl2onnx asks first: one output, of float32 and of a known width."""

        def parse(scope: Any = None, inputs: Any = None) -> list[Any]:
            del inputs
            return [scope.declare_local_variable("features", self._type())]

        return parse

    def onnx_shape_calculator(self) -> Callable[[Any], None]:
        """What skl2onnx asks next."""

        def shape(operator: Any) -> None:
            operator.outputs[0].type = self._type()

        return shape

    def onnx_converter(self) -> Callable[[Any, Any, Any], None]:
        """What skl2onnx asks last."""

        def convert(scope: Any, operator: Any, container: Any) -> None:
            nodes = Nodes(scope, container)
            made = self.onnx(nodes, operator.inputs[0].full_name)
            nodes.give(made, operator.outputs[0].full_name)

        return convert

    def _type(self) -> Any:
        from skl2onnx.common.data_types import FloatTensorType

        return FloatTensorType([None, len(self.get_feature_names_out())])


class Nodes:
    """A graph of skl2onnx that grows: each node has one output."""

    def __init__(self, scope: Any, container: Any) -> None:
        self._scope = scope
        self._container = container

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Another node; the name of its output."""
        made: str = self._scope.get_unique_variable_name(f"features_{operator.lower()}")
        self._put(operator, inputs, made, attributes)
        return made

    def give(self, made: str, output: str) -> None:
        """Call the result as it has been promised."""
        self._put("Identity", (made,), output, {})

    def constant(self, value: NDArray[Any]) -> str:
        """The name of an array (or scalar) of float32, float64 or int64."""
        from onnx.helper import np_dtype_to_tensor_dtype

        name: str = self._scope.get_unique_variable_name("features_constant")
        kind = np_dtype_to_tensor_dtype(value.dtype)
        self._container.add_initializer(name, kind, list(value.shape), value.ravel().tolist())
        return name

    def cast(self, given: str, dtype: type[np.generic]) -> str:
        """The same numbers in another type."""
        from onnx.helper import np_dtype_to_tensor_dtype

        return self.add("Cast", given, to=np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def columns(self, given: str, places: Sequence[int] | NDArray[np.int64]) -> str:
        """Some columns of an array (n, m), in this order."""
        return self.add("Gather", given, self.constant(np.asarray(places, np.int64)), axis=1)

    def places(self, given: str, among: NDArray[Any]) -> str:
        """The place (n,), int64, of each of the values (n,) among texts or numbers; one beyond the last for what is
        none of them, NaN too."""
        made: str = self._scope.get_unique_variable_name("features_places")
        texts = among.dtype == object
        # a table may not be empty, and what stands in it for none has the place of none
        keys = among.tolist() or ["" if texts else 0.0]
        attributes = {
            "keys_strings" if texts else "keys_floats": keys,
            "values_int64s": [*range(len(keys))],
            "default_int64": len(among),
        }
        name = self._scope.get_unique_operator_name("features_LabelEncoder")
        self._container.add_node(
            "LabelEncoder", [given], [made], op_domain="ai.onnx.ml", op_version=2, name=name, **attributes
        )
        return made

    def _put(self, operator: str, inputs: Sequence[str], output: str, attributes: dict[str, Any]) -> None:
        name = self._scope.get_unique_operator_name(f"features_{operator}")
        self._container.add_node(
            operator,
            list(inputs),
            [output],
            op_domain="",
            op_version=self._container.target_opset,
            name=name,
            **attributes,
        )
