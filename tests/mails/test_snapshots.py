"""The words of every mail, kept: a change of wording is a visible difference."""

from pathlib import Path

import pytest

from tests.mails.samples import ALL
from workflow.adapters.mail.render import JinjaRenderer
from workflow.domain.letters import Letter

HERE = Path(__file__).resolve().parent
SNAPSHOTS = HERE / "snapshots"
RENDERER = JinjaRenderer([HERE.parents[1] / "email_templates"])


@pytest.mark.parametrize(("name", "letter"), ALL, ids=[name for name, _ in ALL])
def test_words_are_those_of_the_snapshot(name: str, letter: Letter, *, update_snapshots: bool) -> None:
    rendered = RENDERER.render(letter)
    said = f"{rendered.subject}\n\n{rendered.text}"
    path = SNAPSHOTS / f"{name}.txt"
    if update_snapshots:
        path.parent.mkdir(exist_ok=True)
        path.write_text(said, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == said


def test_no_snapshot_is_left_over() -> None:
    assert {path.stem for path in SNAPSHOTS.iterdir()} == {name for name, _ in ALL}
