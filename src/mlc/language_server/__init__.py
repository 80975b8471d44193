"""The language server: what editors ask of a project, answered from the same stages as `mlc validate`.

`server.py` is the door of pygls and knows the order; every other file is one feature, or what features share:
`project.py` (the project with the editor's unsaved files), `positions.py` (the protocol's positions),
`places.py` (what stands under the cursor).
"""
