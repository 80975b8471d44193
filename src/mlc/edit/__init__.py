"""Text → text: what writes YAML for the author. Comments, order and blank lines stay; no stage is known here."""

from mlc.edit.edits import EditsOverlap, apply_edits
from mlc.edit.formatting import FormattingFailed, format_text

__all__ = ["EditsOverlap", "FormattingFailed", "apply_edits", "format_text"]
