"""Everything that pages stand on, put together once at start-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphql import GraphQLSchema
from jinja2 import Environment

from foundation.clock import Clock
from foundation.language import LANGUAGES, Language
from portal.pages.assets import Assets, read_assets
from portal.pages.engine import Engine
from portal.pages.environment import make_environment
from portal.pages.page_limits import check_limits
from portal.pages.registry import Registry, read_pages
from portal.pages.visitors import Sessions
from resolvers.planner.limits import DocumentLimits
from segments.audiences import Audience

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Site:
    """The pages of one installation.

    `secure`: people reach it over TLS; a setting says so and not a request, whose scheme a proxy may have changed.
    `demonstration`: pages say that their data are samples, and show their operations. `upstream`: staff may sign in through
    their organisation's OpenID provider.
    """

    registry: Registry
    assets: Assets
    environments: Mapping[Language, Environment]
    engine: Engine
    sessions: Sessions
    clock: Clock
    language: Language
    secure: bool
    demonstration: bool
    upstream: bool


def make_site(
    schemas: Mapping[Audience, GraphQLSchema],
    engine: Engine,
    sessions: Sessions,
    clock: Clock,
    *,
    limits: DocumentLimits,
    language: Language = "zh",
    secure: bool = False,
    demonstration: bool = False,
    upstream: bool = False,
    directories: Sequence[Path] = (HERE,),
) -> Site:
    """Read, check and compile everything. `schemas` are the views that this installation serves, `limits` its limits.

    `directories` hold pages; an installation may put its own before ours.
    """
    registry, assets = read_pages(directories, schemas), read_assets(HERE / "static")
    check_limits(registry, schemas, limits)
    folders = [*directories, *([] if HERE in directories else [HERE])]
    environments: dict[Language, Environment] = {
        each: make_environment(each, folders, assets.address) for each in LANGUAGES
    }
    for environment in environments.values():
        for page in registry.pages.values():
            environment.get_template(page.template)
    return Site(registry, assets, environments, engine, sessions, clock, language, secure, demonstration, upstream)
