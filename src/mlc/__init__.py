"""mlc, the model lifecycle compiler. Start reading at `mlc.pipeline`."""

__version__ = "0.1.0"
