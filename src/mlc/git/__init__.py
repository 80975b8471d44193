"""What was committed, read from a git repository's own files.

Absent on purpose: no process is started, no hook, filter or text conversion runs, no configuration is read
(neither the repository's nor the user's), and nothing is written: neither the index nor the working tree is touched.
"""

from mlc.git.history import merge_base
from mlc.git.objects import Damaged, Missing, Objects
from mlc.git.repository import Repository, Revision, RevisionUnknown, discover
from mlc.git.tree import Entry, Tree, blob_id

__all__ = [
    "Damaged",
    "Entry",
    "Missing",
    "Objects",
    "Repository",
    "Revision",
    "RevisionUnknown",
    "Tree",
    "blob_id",
    "discover",
    "merge_base",
]
