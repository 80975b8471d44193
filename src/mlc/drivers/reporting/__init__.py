"""An evaluation as one page: what a person reads, and every drawing of it."""
