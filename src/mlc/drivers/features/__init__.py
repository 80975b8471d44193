"""The steps of a feature group that scikit-learn or its ONNX converter has not, or has not right."""
