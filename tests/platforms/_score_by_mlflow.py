# mypy: ignore-errors
"""Run by the Python that MLflow is installed in: loads a model by its address and scores rows; JSON in, JSON out.

Asked: `tracking` (where the server is), `model` (models:/name@alias, or a folder), `rows` (a list of values per input),
`types` (a NumPy type per input). Told: the outputs by their names, what the signature says, and what else was reached.
"""

import json
import os
import socket
import sys

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["DO_NOT_TRACK"] = "true"
asked = json.load(sys.stdin)

reached = set()
connect = socket.socket.connect


def watched(self, address):
    reached.add(str(address[0]) if isinstance(address, tuple) else str(address))
    return connect(self, address)


socket.socket.connect = watched

import mlflow  # noqa: E402
import numpy  # noqa: E402
import pandas  # noqa: E402

mlflow.set_tracking_uri(asked["tracking"])
mlflow.set_registry_uri(asked["tracking"])
model = mlflow.pyfunc.load_model(asked["model"])
feeds = {
    name: numpy.array(values, dtype=asked["types"][name]).reshape(-1, 1)
    for name, values in asked["rows"].items()
}
scored = model.predict(feeds)
frame = pandas.DataFrame({name: [[value] for value in array.ravel()] for name, array in feeds.items()})
refused = ""
try:
    model.predict({name: values for name, values in feeds.items() if name != min(feeds)})
except Exception as error:
    refused = str(error)
told = {
    "outputs": {name: values.tolist() for name, values in scored.items()},
    "frame_inputs": list(frame.columns),
    "inputs": [one.name for one in model.metadata.signature.inputs.inputs],
    "signature_outputs": [one.name for one in model.metadata.signature.outputs.inputs],
    "flavors": sorted(model.metadata.flavors),
    "refused": refused,
    "reached": sorted(reached),
}
json.dump(told, sys.stdout)
