"""The configuration of the embedded server, fitted to the machine it starts on."""

from __future__ import annotations

import os
from pathlib import Path

MEGABYTE = 1024 * 1024

# A request is one short statement: parallel workers and compilation at run time cost more than they give.
ALWAYS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    # A statement's text and values are row contents; neither belongs into a log.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}
DURABLE = {"synchronous_commit": "on", "max_wal_size": "2GB", "checkpoint_timeout": "15min", "wal_compression": "on"}
# Lets go of everything that protects against a failing machine, and of the records that standbys would need.
DISPOSABLE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
}


def server_settings(sockets: Path, *, durable: bool) -> str:
    """The text of the cluster's `quadrant.conf`, written anew before each start."""
    memory = memory_bytes() // MEGABYTE
    shared = min(max(memory // 8, 64), 2048)
    values = {
        **ALWAYS,
        **(DURABLE if durable else DISPOSABLE),
        "unix_socket_directories": str(sockets),
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{max(memory // 2, 128)}MB",
        "work_mem": f"{min(max(memory // 256, 4), 32)}MB",
        "maintenance_work_mem": f"{min(max(memory // 32, 32), 512)}MB",
    }
    return "".join(f"{name} = {quoted(value)}\n" for name, value in values.items())


def quoted(value: str) -> str:
    """A string of PostgreSQL's configuration files."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def memory_bytes(limit_file: Path = Path("/sys/fs/cgroup/memory.max")) -> int:
    """The memory of the machine, or of the container when it has a limit."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = limit_file.read_text(encoding="ascii").strip()
    except OSError:
        return machine
    return min(machine, int(limit)) if limit.isdigit() else machine
