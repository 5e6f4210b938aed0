"""Files of the data directory, and files the person names."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from robson_domain import ConfigurationError

_MOUNTED_SECRETS: Final = ("/run/secrets/", "/var/run/secrets/")
"""Where container engines mount secrets with wide modes, visible to that container alone."""
_SECRET_BYTES_MAX: Final = 4096


def exists(path: str | Path) -> bool:
    """Say whether there is a file or folder at ``path``."""
    return Path(path).exists()


def is_folder(path: str | Path) -> bool:
    """Say whether ``path`` is a folder."""
    return Path(path).is_dir()


def read_text(path: str | Path) -> str:
    """Return the content of a UTF-8 file.

    Raises:
        OSError: When it cannot be read.
    """
    return Path(path).read_text(encoding="utf-8")


def read_bytes(path: str | Path) -> bytes:
    """Return the content of a file.

    Raises:
        OSError: When it cannot be read.
    """
    return Path(path).read_bytes()


def is_private(path: str | Path) -> bool:
    """Say whether no other user of this machine may read the file."""
    name = os.path.abspath(path)
    if name.startswith(_MOUNTED_SECRETS):
        return True
    return not Path(name).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def read_secret(path: str | Path) -> str:
    """Return the one line of a file that holds a secret.

    Raises:
        ConfigurationError: When it is missing, empty, or others on this machine may read it.
    """
    name = os.path.abspath(path)
    try:
        private = is_private(name)
        with Path(name).open("rb") as file:
            content = file.read(_SECRET_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    if not private:
        raise ConfigurationError(f"others can read {path}; run: chmod 600 {path}")
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not text") from None
    if not text or len(content) > _SECRET_BYTES_MAX or "\n" in text:
        raise ConfigurationError(f"{path} must hold the secret on one line and nothing else")
    return text


def ensure_private_dir(path: str | Path) -> Path:
    """Create the folder for this user alone, and return it.

    Raises:
        OSError: When it cannot be made or written to.
    """
    folder = Path(path)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(13, "not writable", str(folder))
    return folder


def require_usable_dir(path: str | Path) -> None:
    """Make sure that :func:`ensure_private_dir` would work, and leave everything as it is.

    Raises:
        OSError: When the folder cannot be made or written to.
    """
    folder = Path(path)
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    made: list[Path] = []
    try:
        for one in reversed(missing):
            one.mkdir(mode=0o700)
            made.append(one)
        ensure_private_dir(folder)
    finally:
        for one in reversed(made):
            one.rmdir()


def write_private(path: str | Path, text: str) -> None:
    """Replace a file by ``text``, whole or not at all, readable by this user alone.

    Raises:
        OSError: When it cannot be written; the old content stays.
    """
    target = Path(path)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    except OSError:
        remove(draft)
        raise


def remove(path: str | Path) -> None:
    """Remove a file; nothing happens when it is not there."""
    Path(path).unlink(missing_ok=True)
