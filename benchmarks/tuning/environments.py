"""Environments of the systems, and packages whose files are read; all under ``var/bench``."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.tuning.declared_set import PROJECT, VAR

PEERS = Path(__file__).with_name("peers")
OWN = "lamplighter"


class InstallError(RuntimeError):
    """uv could not make an environment or install into it."""


_UV = Path(sys.executable).with_name("uv")


def python_of(environment: str) -> Path:
    """Return the interpreter of a built environment; the project's own for ``"lamplighter"``."""
    if environment == OWN:
        return Path(sys.executable)
    return VAR / environment / "bin" / "python"


def build(environment: str) -> None:
    """Make the environment of a peer from its committed list, unless it is there and unchanged.

    A list may have a second one, ``<name>-optional.txt``, of packages that some machines cannot
    have (CPU builds of torch are not on the usual index). It is tried, with each Python found;
    without it the peer runs with what is left, and its cells say which versions ran.
    """
    if environment == OWN:
        return
    required = PEERS / f"{environment}.txt"
    optional = PEERS / f"{environment}-optional.txt"
    mark = VAR / environment / ".built"
    wanted = _digest(required, optional)
    if mark.exists() and mark.read_text() == wanted:
        return
    print(f"-- building {VAR / environment}", flush=True)
    if not (optional.exists() and _build_with_optional(environment, required, optional)):
        _make(environment, Path(sys.base_prefix) / "bin" / "python3")
        _install(environment, "-r", str(required))
        if optional.exists():
            print(f"   without {optional.name}: no CPU builds of it are to be had here")
    mark.write_text(wanted)


def install_files(packages: Path, folder: Path) -> Path:
    """Unpack the listed packages below `folder`, unless they are there, and return it."""
    mark = folder / ".built"
    wanted = _digest(packages)
    if not mark.exists() or mark.read_text() != wanted:
        print(f"-- unpacking data packages into {folder}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _uv("pip", "install", "--python", sys.executable, "--no-deps", "--target", str(folder),
            "-r", str(packages))  # fmt: skip
        mark.write_text(wanted)
    return folder


def _build_with_optional(environment: str, required: Path, optional: Path) -> bool:
    for python in _pythons():
        _make(environment, python)
        arguments = ["-r", str(required), "-r", str(optional)]
        try:
            _install(environment, *arguments)
        except InstallError:
            continue
        return True
    return False


def _pythons() -> list[Path]:
    """Return this Python and others of versions that the peers know, which may have more wheels."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    others = [Path(f) for v in ("3.11", "3.13") if (f := shutil.which(f"python{v}"))]
    others += [p for v in ("3.11", "3.13") for p in sorted(pyenv.glob(f"{v}*/bin/python"))]
    return [Path(sys.base_prefix) / "bin" / "python3", *others]


def _make(environment: str, python: Path) -> None:
    shutil.rmtree(VAR / environment, ignore_errors=True)
    _uv("venv", "--python", str(python), str(VAR / environment))


def _install(environment: str, *arguments: str) -> None:
    links = os.environ.get("PIP_FIND_LINKS", "").split()
    extra = [part for link in links for part in ("--find-links", link)]
    _uv("pip", "install", "--python", str(python_of(environment)), "--compile-bytecode",
        *extra, *arguments)  # fmt: skip


def _uv(*arguments: str) -> None:
    done = subprocess.run(
        [str(_UV), *arguments, "--quiet"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InstallError(f"uv {arguments[0]} failed: {done.stderr.strip()[-2000:]}")


def _digest(*lists: Path) -> str:
    texts = [path.read_text() for path in lists if path.exists()]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
