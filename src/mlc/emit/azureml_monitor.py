"""What a monitor of Azure Machine Learning compares, and whether that is there: its SDK asks nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mlc.emit.objects import inside, mapping

_TARGET = re.compile(r"azureml:([a-z0-9-]+):([a-z0-9-]+)")
_DAYS = re.compile(r"P[1-9][0-9]*D")
_SIGNALS = {"data_drift": "model_inputs", "data_quality": "model_inputs", "prediction_drift": "model_outputs"}
"""What each kind of signal looks at."""


def monitor_findings(monitor: Mapping[str, Any], documents: Mapping[str, Any]) -> Iterator[str]:
    """Deployments and data that are not there, requests that nobody keeps, and limits that are none, of the definition
    of a monitor among the documents of its deployment."""
    target = str(inside(monitor, "monitoring_target", "endpoint_deployment_id"))
    place = "create_monitor.monitoring_target.endpoint_deployment_id"
    found = _TARGET.fullmatch(target)
    if found is None:
        yield f"{place}: {target!r} is no azureml:ENDPOINT:DEPLOYMENT"
        return
    endpoint, name = found.groups()
    served = [one for one in documents.values() if isinstance(one, Mapping) and "endpoint_name" in one]
    seen = next((one for one in served if (one["endpoint_name"], one.get("name")) == (endpoint, name)), None)
    if served and seen is None:
        yield f"{place}: there is no deployment {name} of {endpoint}"
    signals = mapping(monitor, "monitoring_signals")
    if not signals:
        yield "create_monitor.monitoring_signals: it looks at nothing"
    made = {
        f"azureml:{one['name']}:{one['version']}"
        for one in documents.values()
        if isinstance(one, Mapping) and one.get("type") in ("mltable", "uri_folder") and "version" in one
    }
    for signal_name, signal in signals.items():
        at = f"create_monitor.monitoring_signals.{signal_name}"
        yield from _of_signal(at, mapping(signal))
        context = _SIGNALS.get(str(inside(signal, "type")), "")
        if seen is not None and context and not _keeps(seen, context):
            yield f"{at}: the deployment {name} does not keep its {context}"
        kept = f"azureml:{endpoint}-{name}-{context}:1"
        for part in ("production_data", "reference_data"):
            path = str(inside(signal, part, "input_data", "path"))
            known = {kept} if part == "production_data" else {kept, *made}
            if context and path not in known and (made or part == "production_data"):
                yield f"{at}.{part}.input_data.path: nothing here makes {path}"
    if not inside(monitor, "alert_notification", "emails"):
        yield "create_monitor.alert_notification.emails: nobody is told"


def _of_signal(at: str, signal: Mapping[str, Any]) -> Iterator[str]:
    """Limits that are there and are one a kind of values (Azure keeps the first measure of drift and drops the rest),
    a baseline as a table, and windows of whole days."""
    limits = mapping(signal, "metric_thresholds")
    if not any(mapping(limits, kind) for kind in ("numerical", "categorical")):
        yield f"{at}.metric_thresholds: it says no limit"
    if signal.get("type") in ("data_drift", "prediction_drift"):
        for kind in ("numerical", "categorical"):
            if len(several := mapping(limits, kind)) > 1:
                yield f"{at}.metric_thresholds.{kind}: Azure keeps one measure of drift, of {', '.join(several)}"
    if "features" in signal and not signal["features"]:
        yield f"{at}.features: it looks at no feature"
    for part in ("production_data", "reference_data"):
        data = mapping(signal, part)
        asked = mapping(data, "input_data")
        if data.get("data_context") == "training" and asked.get("type") != "mltable":
            yield f"{at}.{part}.input_data.type: Azure reads rows for a baseline from an mltable only"
        size = inside(data, "data_window", "lookback_window_size")
        if size is not None and not _DAYS.fullmatch(str(size)):
            yield f"{at}.{part}.data_window.lookback_window_size: {size!r} is no number of days such as P7D"


def _keeps(deployment: Mapping[str, Any], context: str) -> bool:
    collections = mapping(deployment, "data_collector", "collections")
    return str(inside(collections, context, "enabled")).lower() == "true"
