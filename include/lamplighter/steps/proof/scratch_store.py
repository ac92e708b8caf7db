"""An artifact store that reads what another one holds, and writes to a folder of its own."""

from __future__ import annotations

from lamplighter.contracts import ArtifactRef
from lamplighter.data.artifacts import ArtifactStore
from lamplighter.errors import ArtifactError


class ScratchStore(ArtifactStore):
    """What is written stays in a folder that nobody else reads; the store behind never changes."""

    def __init__(self, root: str, behind: ArtifactStore) -> None:
        super().__init__(root)
        self._behind = behind

    def read(self, ref: ArtifactRef) -> bytes:
        """Read what was written here, or what the store behind holds."""
        try:
            return super().read(ref)
        except ArtifactError:
            return self._behind.read(ref)

    def find(self, key: str) -> ArtifactRef | None:
        """Look for a key here, then in the store behind."""
        return super().find(key) or self._behind.find(key)
