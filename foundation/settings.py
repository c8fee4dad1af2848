"""The settings of one installation: read once at start, frozen, each with a default and a help text.

`docs/settings.md` is written from this module by `make docs`; a test fails when the two differ.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, cast
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "QUADRANT_"

ServedAudience = Literal["military", "government", "enterprise", "consumer", "division", "staff"]


def split_list(value: object) -> object:
    """Environment variables hold lists as `a,b,c`."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


CommaSeparated = (NoDecode, BeforeValidator(split_list))


class Settings(BaseSettings):
    """One frozen object; built by `read_settings`, or by a test with keyword arguments."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    # The installation.
    data_directory: Path = Field(
        default=Path("var"),
        description="Where the installation keeps what it writes: the embedded database, keys, uploads.",
    )
    host: str = Field(default="127.0.0.1", description="The address the server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port the server listens on.")
    public_url: str | None = Field(
        default=None,
        description=(
            "The address users reach the installation at, without a path; the OAuth issuer. "
            "None: `http://localhost:<port>`."
        ),
    )
    workers: int = Field(default=1, ge=1, le=256, description="Server processes; each has its own pools.")
    jobs: bool = Field(
        default=True,
        description=(
            "Whether server processes do the jobs by the clock beside requests: expiry of points, notices, snapshots. "
            "False where `quadrant worker` runs instead."
        ),
    )
    points_notice_days: int = Field(
        default=30, ge=1, le=366, description="Members are told of points so many days before they expire."
    )
    trusted_proxies: Annotated[tuple[str, ...], *CommaSeparated] = Field(
        default=(), description="Addresses of proxies whose forwarding headers are believed, separated by commas."
    )
    language: Literal["zh", "en"] = Field(default="zh", description="The language when a visitor states none.")
    demonstration: bool = Field(
        default=False,
        description="Pages say that their data are samples, and show their operations; `quadrant demo` sets it.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least level logged."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="`console` for people, `json` for collectors, one object a line."
    )

    # Who is served, and up to which degree of secrecy.
    served_views: Annotated[tuple[ServedAudience, ...], *CommaSeparated] = Field(
        default=("military", "government", "enterprise", "consumer", "division", "staff"),
        description=(
            "The audiences this installation serves, separated by commas. A viewer of another audience is refused, "
            "so that a server on a public network can carry the public views alone."
        ),
    )
    ceiling: Literal["PUBLIC", "INTERNAL", "CONFIDENTIAL", "SECRET", "TOP_SECRET"] = Field(
        default="TOP_SECRET",
        description=(
            "The highest degree of secrecy this installation holds: the database stores nothing above it, and nobody is "
            "shown more, whatever their clearance. `quadrant migrate` writes it into the database; a server whose "
            "database has another does not start. The default suits a closed network; a server on a shared or public "
            "network must lower it."
        ),
    )

    # Database.
    database_url: SecretStr | None = Field(
        default=None,
        description=(
            "URL of a PostgreSQL 15 or newer, as its owner: `postgresql://user:password@host:port/name`. "
            "None: an embedded server in the data directory."
        ),
    )
    database_app_password: SecretStr | None = Field(
        default=None,
        description=(
            "Password of the role `quadrant_app`, under which everything but migrations runs. "
            "Needed with a database URL unless that server authenticates otherwise; the embedded server needs none."
        ),
    )
    database_name: str = Field(
        default="quadrant", pattern=r"^[a-z][a-z0-9_]{0,62}$", description="The database on the embedded server."
    )
    database_durable: bool = Field(
        default=True,
        description="False lets the embedded server lose data when the machine fails; only for tests and measurements.",
    )
    write_pool_size: int = Field(default=8, ge=1, le=500, description="Connections for writes of one process.")
    read_pool_size: int = Field(default=8, ge=1, le=500, description="Connections for planned reads of one process.")
    pool_wait_seconds: float = Field(
        default=5.0,
        gt=0,
        le=300,
        description="How long a request waits for a connection before it is refused as overload.",
    )
    statement_seconds: float = Field(
        default=10.0, gt=0, le=600, description="The longest a statement of a request may take."
    )

    # Sign-in and tokens.
    token_seconds: int = Field(default=600, ge=30, le=86400, description="Lifetime of a person's access token.")
    division_token_seconds: int = Field(
        default=300,
        ge=30,
        le=86400,
        description="Lifetime of a division member's access token; also looked up at each use.",
    )
    machine_token_seconds: int = Field(
        default=300, ge=30, le=86400, description="Lifetime of a machine's access token."
    )
    authorization_code_seconds: int = Field(
        default=60, ge=10, le=600, description="How long an authorization code may be exchanged."
    )
    refresh_idle_days: int = Field(default=14, ge=1, le=365, description="A refresh token ends after this long unused.")
    refresh_days_max: int = Field(
        default=30, ge=1, le=730, description="What a person granted a program ends after this long in any case."
    )
    refresh_grace_seconds: int = Field(
        default=10,
        ge=0,
        le=60,
        description=(
            "A used refresh token gives the same successor again for this long, so that two tabs may refresh at once; "
            "used later it ends everything that was granted with it."
        ),
    )
    sealing_key: SecretStr | None = Field(
        default=None,
        description=(
            "The key under which secrets stand in the database, 32 bytes in base64 (`openssl rand -base64 32`). "
            "None: a file `sealing.key` in the data directory, made at first use; servers on several machines need the "
            "setting. Keep it apart from backups of the database."
        ),
    )
    signing_key_days: int = Field(
        default=30, ge=1, le=366, description="After so many days the next key signs tokens; older tokens stay valid."
    )
    session_idle_minutes: int = Field(
        default=60, ge=1, le=10080, description="A browser session ends after this long unused."
    )
    division_session_idle_minutes: int = Field(
        default=30, ge=1, le=10080, description="A division member's browser session ends after this long unused."
    )
    session_hours_max: int = Field(
        default=12, ge=1, le=720, description="A browser session ends after this long in any case."
    )
    second_factor: Literal["required", "offered"] = Field(
        default="required",
        description=(
            "`required`: staff, the division and everybody cleared above INTERNAL sign in with a second factor and set one "
            "up at their first sign-in. `offered`: only who has set one up. Whoever has one always needs it."
        ),
    )
    upstream_issuer: str | None = Field(
        default=None,
        description=(
            "The issuer of an OpenID provider through which staff may sign in, as its metadata writes it; needs the two "
            "settings below. Staff are found by their verified e-mail address; nobody is created. "
            "The redirect URI to register there: the public address with `/sign-in/upstream/callback`."
        ),
    )
    upstream_client_id: str | None = Field(default=None, description="What that provider calls this installation.")
    upstream_client_secret: SecretStr | None = Field(
        default=None, description="The secret by which that provider knows this installation."
    )
    sign_in_window_minutes: int = Field(
        default=15, ge=1, le=1440, description="How long attempts to sign in are remembered."
    )
    sign_in_attempts_per_account: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="Attempts at one account in that time before all further ones are refused.",
    )
    sign_in_attempts_per_address: int = Field(
        default=100, ge=1, le=100_000, description="Attempts from one network address in that time, likewise."
    )

    # Payments.
    payment_provider: Literal["none", "sandbox"] = Field(
        default="none",
        description=(
            "Who takes payments for orders. `sandbox`: a provider for trying things out that is served along and takes no "
            "money (docs/payments.md); only for a demonstration, or where the public address is this machine. "
            "`quadrant demo` sets it. `none`: orders can only be placed on account or paid in points."
        ),
    )
    return_days: int = Field(
        default=15, ge=0, le=3650, description="Within so many days after delivery goods can be sent back."
    )

    # GraphQL limits. What exceeds one is refused before anything runs.
    graphql_body_bytes: int = Field(default=1_000_000, ge=1_000, description="The largest request body.")
    graphql_tokens: int = Field(default=2_000, ge=10, description="The most lexical tokens in a document.")
    graphql_depth: int = Field(default=12, ge=1, description="The deepest nesting of fields.")
    graphql_aliases: int = Field(default=50, ge=0, description="The most aliases in an operation.")
    graphql_root_fields: int = Field(default=20, ge=1, description="The most fields at the root of an operation.")
    graphql_fields: int = Field(
        default=500, ge=1, description="The most fields of an operation, those of a fragment each time it is spread."
    )
    graphql_cost: int = Field(
        default=10_000, ge=1, description="The highest cost: fields times the sizes of their lists."
    )
    graphql_fragments: int = Field(default=100, ge=0, description="The most fragments in a document.")
    graphql_directives: int = Field(default=100, ge=0, description="The most directives in an operation.")
    graphql_introspection_depth: int = Field(
        default=2, ge=0, description="The deepest nesting of introspection's lists of fields and types."
    )
    graphql_json_depth: int = Field(
        default=32, ge=1, description="The deepest nesting of JSON in a body or a variable."
    )
    graphql_variables: int = Field(default=100, ge=0, description="The most variables of an operation.")
    graphql_seconds: float = Field(default=10.0, gt=0, description="The longest an operation may run.")
    graphql_subscriptions: int = Field(default=32, ge=1, description="The most subscriptions on one connection.")
    graphql_keep_alive_seconds: float = Field(
        default=12.0, gt=0, description="A quiet stream of events gets a comment this often, so that proxies keep it."
    )
    graphql_send_seconds: float = Field(
        default=30.0, gt=0, description="A client that does not take what it is sent for this long loses its stream."
    )
    websocket_init_seconds: float = Field(
        default=10.0,
        gt=0,
        description="A WebSocket is closed when its client has not introduced itself after this long.",
    )
    idempotency_days: int = Field(
        default=7,
        ge=1,
        le=366,
        description="For how many days a request made with `@idempotent(key:)` is answered again the same way.",
    )
    anonymous_cart_days: int = Field(
        default=60,
        ge=1,
        le=3_660,
        description="A cart of somebody who is not signed in is deleted when nothing in it was changed for so many days.",
    )
    trusted_documents: Path | None = Field(
        default=None,
        description="A folder of `.graphql` files that clients may name by their hash, beside the pages' own.",
    )
    trusted_documents_only_for_anonymous: bool = Field(
        default=False,
        description="True: a caller with neither session nor token may only run documents known by their hash. "
        "A shop front's token (a machine client without an owner, bound to the consumer view) may send others.",
    )

    @model_validator(mode="after")
    def _upstream_is_whole(self) -> Self:
        """A provider without a client is a mistake that nobody should find out at the first sign-in."""
        given = {self.upstream_issuer is None, self.upstream_client_id is None, self.upstream_client_secret is None}
        if len(given) > 1:
            raise ValueError("upstream_issuer, upstream_client_id and upstream_client_secret go together")
        return self

    @model_validator(mode="after")
    def _sandbox_takes_no_orders(self) -> Self:
        """Whoever pays at the sandbox has paid nothing: it must not stand before a shop that sends goods."""
        local = urlsplit(self.base_url).hostname in {"localhost", "127.0.0.1", "::1"}
        if self.payment_provider == "sandbox" and not (self.demonstration or local):
            raise ValueError("payment_provider=sandbox is for a demonstration or a local address")
        return self

    @property
    def own_url(self) -> str:
        """The address this machine itself reaches the server at."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - compared, not bound.
        return f"http://{host}:{self.port}"

    @property
    def base_url(self) -> str:
        """The address users reach the installation at, without a path."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")


@cache
def read_settings() -> Settings:
    """The settings of this process, from its environment."""
    return Settings()


def settings_page() -> str:
    """The text of `docs/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Environment variables, read once at start. Written by `make docs` from `foundation/settings.py`.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default: object = field.default
        shown = ",".join(cast("tuple[str, ...]", default)) if isinstance(default, tuple) else str(default)
        meaning = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{PREFIX}{name.upper()}` | {f'`{shown}`' if shown else 'empty'} | {meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
