"""Settings: frozen, documented, read from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from foundation.migrations import ROOT
from foundation.settings import PREFIX, Settings, settings_page


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_has_a_default_and_a_help_text(name: str) -> None:
    field = Settings.model_fields[name]
    assert not field.is_required()
    assert field.description
    assert field.description.endswith(".")


def test_the_page_of_settings_is_up_to_date() -> None:
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == settings_page(), "make docs writes it anew"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}PORT", "9000")
    monkeypatch.setenv(f"{PREFIX}DATA_DIRECTORY", "/srv/quadrant")
    monkeypatch.setenv(f"{PREFIX}SERVED_VIEWS", "consumer, enterprise")
    monkeypatch.setenv(f"{PREFIX}DATABASE_APP_PASSWORD", "")
    settings = Settings()
    assert settings.port == 9000
    assert settings.data_directory == Path("/srv/quadrant")
    assert settings.served_views == ("consumer", "enterprise")
    assert settings.database_app_password is None
    assert settings.base_url == "http://localhost:9000"


def test_a_wrong_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}SERVED_VIEWS", "consumer,visitors")
    with pytest.raises(ValidationError, match="served_views"):
        Settings()


def test_secrets_are_not_shown() -> None:
    settings = Settings(database_url="postgresql://owner:opensesame@host/name", database_app_password="opensesame")
    assert "opensesame" not in f"{settings!r} {settings}"
