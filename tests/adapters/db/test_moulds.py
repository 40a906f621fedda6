"""Letters come back as they were, whatever they share with others; what only one of them says is in no mould."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.builders import NOW, a_frozen, a_message
from workflow.adapters.db import migrate
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.moulds import Moulds, filled
from workflow.adapters.db.tables import letters, moulds
from workflow.domain.messages import Frozen, Message
from workflow.ports import Database

_SHARED = "\n".join(f"Den här raden står i alla mejl, nummer {number}." for number in range(20))


def a_letter(name: str, *, shared: str = _SHARED) -> Frozen:
    return a_frozen(
        subject=f"Till {name}", text=f"Hej {name}!\n{shared}\n", html=f"<p>Hej {name}!</p>\n{shared}\n{name}"
    )


def kept(database: Database, *found: Frozen) -> list[Message]:
    mails = [a_message(slot=f"M-{at}", frozen=frozen).claim(NOW) for at, frozen in enumerate(found)]
    with database.begin() as work:
        work.outbox.plan(mails)
    return mails


def test_letters_that_are_alike_come_back_each_as_it_was(stocked: Database) -> None:
    written = [a_letter(name) for name in ("Anna", "Bo", "Cecilia", "null", "")] + [
        a_letter("Ett annat", shared="kort")
    ]
    mails = kept(stocked, *written)
    with stocked.read() as work:
        assert [work.outbox.get(each.id).frozen for each in mails] == written


_WORDS = st.sampled_from(["", "Anna", "Bo", "\r", '"{}\\', "å\u2028", "x" * 40])


@given(st.lists(st.tuples(st.lists(_WORDS, max_size=6), st.lists(_WORDS, min_size=1, max_size=6)), max_size=12))
def test_a_mould_and_what_is_a_letters_own_make_the_letter(said: list[tuple[list[str], list[str]]]) -> None:
    cast = Moulds()
    for text, html in said:
        letter = {"subject": "s", "text": "\n".join(text), "html": "\n".join(html)}
        plain, mould = cast.cast(letter)
        assert (plain if mould is None else {"subject": "s"} | filled(mould.plain, plain["own"])) == letter


def test_the_second_of_a_kind_shows_what_they_share_and_nobodys_name_is_in_it() -> None:
    cast, found = Moulds(), []
    for name in ("Anna", "Bo", "Cecilia"):
        letter = a_letter(name)
        found.append(cast.cast({"text": letter.text, "html": letter.html}))
    (first, none), (second, mould), (third, same) = found
    assert none is None
    assert "own" not in first
    assert mould is not None
    assert mould is same
    assert second["own"] == ["Hej Bo!", "<p>Hej Bo!</p>", "Bo"]
    assert third["own"][-1] == "Cecilia"
    assert not any(name in str(mould.plain) for name in ("Anna", "Bo", "Cecilia"))


def test_letters_with_little_in_common_share_nothing() -> None:
    cast = Moulds()
    for number in range(3):
        _, mould = cast.cast({"text": f"{number}\nHej!", "html": f"Någonting helt eget om {number} och annat."})
        assert mould is None


def a_long(lines: int, name: str) -> dict[str, str]:
    """A letter of so many lines, most of which it shares with others of that length."""
    return {"text": "\n".join([f"Hej {name}!", *_SHARED.split("\n")[: lines - 1]]), "html": _SHARED}


def test_only_the_lengths_seen_lately_are_remembered() -> None:
    """How long a letter is depends on what people write: else a process grows with every answer and digest."""
    cast, lengths = Moulds(2), [3, 4, 5]
    for lines in lengths:
        for name in ("Anna", "Bo"):
            _, mould = cast.cast(a_long(lines, name))
        assert mould is not None
    _, newest = cast.cast(a_long(5, "Cecilia"))
    _, forgotten = cast.cast(a_long(3, "Cecilia"))
    _, anew = cast.cast(a_long(3, "Dan"))
    assert cast.sizes == 2
    assert newest is not None
    assert forgotten is None
    assert anew is not None


def test_a_length_in_use_outlives_one_that_is_not() -> None:
    cast = Moulds(2)
    used = [cast.cast(a_long(3, name))[1] for name in ("Anna", "Bo")][1]
    for lines in (4, 5, 6):
        cast.cast(a_long(lines, "Anna"))
        assert cast.cast(a_long(3, "Cecilia"))[1] is used


def test_threads_that_push_out_each_others_lengths_lose_no_letter() -> None:
    cast = Moulds(2)

    def kept_by(name: str) -> bool:
        letters = [a_long(lines, name) for lines in range(2, 9)] * 40
        found = (cast.cast(each) for each in letters)
        whole = [plain if mould is None else filled(mould.plain, plain["own"]) for plain, mould in found]
        return whole == letters

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(kept_by, ("Anna", "Bo", "Cecilia", "Dan")))
    assert cast.sizes == 2


def test_a_hundred_letters_use_one_mould_and_a_process_that_knows_nothing_reads_them(
    sql_stocked: SqlDatabase, sql_url: str
) -> None:
    written = [a_letter(f"Person {number}") for number in range(100)]
    mails = kept(sql_stocked, *written)
    engine = make_engine(sql_url)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(moulds)).scalar_one() == 1
        assert connection.execute(select(func.count()).where(letters.c.mould.is_(None))).scalar_one() == 1
    other = SqlDatabase(engine)
    with other.read() as work:
        assert [work.outbox.get(each.id).frozen for each in mails] == written
    other.close()


def test_the_way_back_makes_every_letter_whole(sql_stocked: SqlDatabase, sql_url: str) -> None:
    written = [a_letter(name) for name in ("Anna", "Bo", "Cecilia")]
    mails = kept(sql_stocked, *written)
    migrate.downgrade(sql_url, "0020")
    migrate.upgrade(sql_url)
    with sql_stocked.read() as work:
        assert [work.outbox.get(each.id).frozen for each in mails] == written
