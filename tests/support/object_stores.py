"""Stand-ins for remote stores: an object store, and a remote disk."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import fsspec
from fsspec import AbstractFileSystem


class Bucket(AbstractFileSystem):  # type: ignore[misc]  # fsspec is untyped
    """An object store: an object exists once its last part is written, and cannot be renamed."""

    protocol = "bucket"
    files: ClassVar[dict[str, bytes]] = {}
    fails: ClassVar[Exception | None] = None
    """The error that interrupts an upload."""

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        if isinstance(self.fails, ConnectionError):
            raise self.fails
        if path not in self.files:
            raise FileNotFoundError(path)
        return {"name": path, "size": len(self.files[path]), "type": "file"}

    def _open(self, path: str, mode: str = "rb", **_: Any) -> BytesIO:
        assert mode == "rb"
        return BytesIO(self.files[path])

    def put_file(self, lpath: str, rpath: str, **_: Any) -> None:
        data = Path(lpath).read_bytes()
        if self.fails:
            raise self.fails
        self.files[rpath] = data


class Share(Bucket):
    """A remote disk: written parts of a file are visible immediately, and files can be renamed."""

    protocol = "share"
    files: ClassVar[dict[str, bytes]] = {}

    def put_file(self, lpath: str, rpath: str, **_: Any) -> None:
        self.files[rpath] = Path(lpath).read_bytes()[:3]
        super().put_file(lpath, rpath)

    def mv(self, path1: str, path2: str, **_: Any) -> None:
        self.files[path2] = self.files.pop(path1)

    def rm_file(self, path: str) -> None:
        del self.files[path]


fsspec.register_implementation("bucket", Bucket)
fsspec.register_implementation("share", Share)
