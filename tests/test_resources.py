from pathlib import Path

import pytest

from workflow.resources import ResourceMissingError, Resources


def test_shipped_file_is_found() -> None:
    assert "environment" in Resources().config("default.toml").read_text(encoding="utf-8")


def test_a_sites_file_wins_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "default.toml").write_text("own", encoding="utf-8")
    resources = Resources(override_config=tmp_path)
    assert resources.config("default.toml") == tmp_path / "default.toml"
    assert resources.config("site.example.toml") == Resources().config("site.example.toml")


def test_a_sites_mail_wins(tmp_path: Path) -> None:
    mail = tmp_path / "invitation" / "sv" / "subject.txt"
    mail.parent.mkdir(parents=True)
    mail.write_text("Hej", encoding="utf-8")
    resources = Resources(override_templates=tmp_path)
    assert resources.template("invitation", "sv", "subject.txt") == mail
    assert resources.template_roots()[0] == tmp_path
    assert resources.template_roots()[1:] == Resources().template_roots()


def test_missing_file_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ResourceMissingError) as caught:
        Resources(override_config=tmp_path).config("forms", "saknas.toml")
    message = str(caught.value)
    assert "forms/saknas.toml" in message
    assert str(tmp_path / "forms/saknas.toml") in message
    assert str(Path("_files/config/forms/saknas.toml")) in message


def test_missing_site_folder_does_no_harm(tmp_path: Path) -> None:
    resources = Resources(override_config=tmp_path / "gone", override_templates=tmp_path / "gone")
    assert resources.config("default.toml").is_file()
    assert tmp_path / "gone" not in resources.template_roots()
