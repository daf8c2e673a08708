"""Reports what a Python process reads or writes outside of the clone, the temporary folder and the caches.

The tests' conftest starts the watch in its own process; this folder is on the ``PYTHONPATH`` of the processes that
tests start, so that Python imports this module there before anything else. Reports go to the file that ``REPORT``
names, one per line. It imports only the standard library, because it slows down every process of the tests.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

REPORT = "GETTY_TESTS_TRESPASS_REPORT"
CLONE = Path(__file__).resolve().parents[3]
SYSTEM = ("/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr", "/System", "/Library")
"""Folders of the operating system, which tests may only read."""
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "sqlite3.connect"}
_LOOKS = {"os.listdir", "os.scandir"}


def _inside(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)


def _absolute(path: str | Path) -> str:
    """Make a path absolute, but keep symbolic links: the path as requested counts."""
    return os.path.abspath(path)  # noqa: PTH100 - Path.resolve() follows them


def _forms(*paths: str | Path) -> tuple[str, ...]:
    """Each path as given and with symbolic links resolved."""
    return tuple({form for path in paths for form in (_absolute(path), os.path.realpath(path))})


def watch(report: Path) -> None:
    """Append each outside path that this process uses from now on to the report."""
    caches = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    ours = _forms(CLONE, tempfile.gettempdir(), Path(caches).expanduser(), os.devnull)
    ours += _forms(sys.prefix, sys.base_prefix)
    readable = (*ours, *SYSTEM)
    pid, is_reporting = os.getpid(), False

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal is_reporting
        if event == "open":
            path, _, flags = arguments
            writes = bool((flags or 0) & _WRITES)
        elif event in _CHANGES or event in _LOOKS:
            path, writes = arguments[0], event in _CHANGES
        else:
            return
        if is_reporting or not isinstance(path, str | bytes | os.PathLike):
            return
        name = os.fsdecode(path)
        if event == "sqlite3.connect":
            name = name.removeprefix("file:").partition("?")[0]
        name = _absolute(name)
        if _inside(name, ours if writes else readable):
            return
        if event == "os.mkdir" and os.path.isdir(name):  # noqa: PTH112 - it is there: nothing is made
            return
        is_reporting = True
        try:
            with report.open("a") as file:
                file.write(
                    f"{'written' if writes else 'read'}: {name} ({event}, process {pid}: {sys.argv[:3]})\n"
                )
        finally:
            is_reporting = False

    sys.addaudithook(hook)


if REPORT in os.environ:
    watch(Path(os.environ[REPORT]))
