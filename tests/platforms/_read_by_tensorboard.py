# mypy: ignore-errors
"""Run by the Python that TensorBoard is installed in: reads the event files below a folder with its own loader.

Told, as JSON, for each run: its scalars by tag as [step, value, wall time], its tensors, and its hyperparameters.
"""

import json
import sys

from tensorboard.backend.event_processing import event_multiplexer
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util

runs = event_multiplexer.EventMultiplexer()
runs.AddRunsFromDirectory(sys.argv[1])
runs.Reload()
told = {}
for name in sorted(runs.Runs()):
    found = {"scalars": {}, "tensors": {}, "texts": {}, "hparams": {}, "metrics": []}
    accumulator = runs.GetAccumulator(name)
    for tag in accumulator.Tags()["tensors"]:
        metadata = accumulator.SummaryMetadata(tag)
        values = accumulator.Tensors(tag)
        plugin = metadata.plugin_data.plugin_name
        if plugin == "scalars":
            found["scalars"][tag] = [
                [one.step, float(tensor_util.make_ndarray(one.tensor_proto)), one.wall_time] for one in values
            ]
        elif plugin == "hparams":
            data = plugin_data_pb2.HParamsPluginData.FromString(metadata.plugin_data.content)
            for key, value in data.session_start_info.hparams.items():
                found["hparams"][key] = getattr(value, value.WhichOneof("kind"))
            found["metrics"] += [one.name.tag for one in data.experiment.metric_infos]
        elif plugin == "text":
            found["texts"][tag] = tensor_util.make_ndarray(values[0].tensor_proto).item().decode()
        else:
            array = tensor_util.make_ndarray(values[0].tensor_proto)
            found["tensors"][tag] = [plugin, list(array.shape), array.tolist()]
    told[name] = found
json.dump(told, sys.stdout)
