"""What all tests share: settings, a migrated database per worker, a session that is rolled back.

The embedded server lives in `var/test` and is shared by the workers of all runs; a template is migrated once for a state of
the migrations, and each worker clones it.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import hypothesis
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from foundation.database import Database
from foundation.migrations import ROOT
from foundation.session import set_statement
from foundation.settings import PREFIX, Settings
from segments.viewer import Viewer
from tests.databases import cloned, short_name

COMPLETE = os.environ.get("QUADRANT_TEST_COMPLETE") == "1"
BROWSER = "tests/browser/"
DATA_DIRECTORY = ROOT / "var" / "test"
# The programs without which tests of a marker cannot run.
PROGRAMS = {"node": "node", "browser": "chromium"}

# The developer's own settings must not decide about a test's outcome.
for name in [name for name in os.environ if name.startswith(PREFIX) and not name.startswith("QUADRANT_TEST_")]:
    del os.environ[name]

# Without deadlines, because machines that are shared are slow at times; the same examples each time on a build server.
hypothesis.settings.register_profile("developer", deadline=None)
hypothesis.settings.register_profile("complete", deadline=None, derandomize=True)
hypothesis.settings.load_profile("complete" if COMPLETE else "developer")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first, so that no worker is left with it alone at the end.

    Leave out tests whose program is missing; under QUADRANT_TEST_COMPLETE=1 nothing may be left out.
    """
    longest_first(items)
    for marker, program in PROGRAMS.items():
        if shutil.which(program) is None and not COMPLETE:
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=f"{program} is not installed"))


def longest_first(items: list[pytest.Item]) -> None:
    """Modules with tests marked slow or browser, then those with many tests; within a module all stay in their order."""
    tests = Counter(item.path for item in items)
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: (item.path not in slow, -tests[item.path], item.path))


class ByModule(LoadScopeScheduling):
    """Gives each module to one worker, because its tests share a database; those in `tests/browser` share a platform."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByModule:
    """The workers' tests in the order of the collection."""
    config.option.loadscopereorder = False
    return ByModule(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A skipped test counts as failed when the run must be complete."""
    report = yield
    if COMPLETE and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but QUADRANT_TEST_COMPLETE=1"
    return report


@pytest.fixture(scope="session")
def settings(worker_id: str) -> Settings:
    """Settings of this worker: the embedded server of the tests and a database of its own."""
    return Settings(
        data_directory=DATA_DIRECTORY,
        database_name=f"quadrant_test_{os.getpid()}_{worker_id}",
        database_durable=False,
        write_pool_size=4,
        read_pool_size=4,
    )


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The worker's migrated database. Tests leave it empty: they use `session`, or take `own_database`."""
    async with cloned(settings) as clone:
        yield clone


@pytest.fixture(scope="module")
async def own_database(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A migrated database for one module's tests, in which edges may commit."""
    name = f"{settings.database_name}_{short_name(request.node.nodeid)}"
    own = settings.model_copy(update={"database_name": name})
    async with cloned(own) as clone:
        yield clone


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """A session of the system viewer, rolled back after the test.

    To look as somebody else within it: `await session.execute(set_statement(viewer.row_settings()))`.
    """
    async with AsyncSession(database.engine, expire_on_commit=False) as opened:
        await opened.execute(set_statement(Viewer.system().row_settings()))
        yield opened
        await opened.rollback()
