"""What a command says: results on standard output, everything else on standard error; a fault that is no bug in one line."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from domain.identity.sealing import SealError
from foundation.embedded import EmbeddedServerError
from foundation.language import translate
from foundation.provision import ProvisionError
from foundation.refusals import Refusal
from portal.probes import NotMigratedError

NOTES = Console(stderr=True, highlight=False, soft_wrap=True)


class CommandError(Exception):
    """The command cannot do what it was asked; the text says why."""


@contextmanager
def reported() -> Generator[None]:
    """Expected failures end the command with code 1 and one line; what is not expected keeps its traceback."""
    try:
        yield
    except Refusal as refusal:
        _fail(
            translate(refusal.message_key, "zh", **refusal.params),
            translate(refusal.message_key, "en", **refusal.params),
        )
    except ValidationError as error:
        _fail(*(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()))
    except (CommandError, EmbeddedServerError, ProvisionError, NotMigratedError, SealError) as error:
        _fail(str(error))
    except (OSError, SQLAlchemyError) as error:
        # No connection, a file that is not there, a server that refuses; SQLAlchemy hides parameters.
        _fail(f"{type(error).__name__}: {error}")


def _fail(*lines: str) -> None:
    for line in lines:
        NOTES.print(line, style="red", markup=False)
    raise typer.Exit(1)
