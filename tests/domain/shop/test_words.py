import subprocess
import sys
from pathlib import Path

import pytest

from domain.shop.words import POSITION_MAX, QUERY_WORDS_MAX, WORD_CHARACTERS_MAX, document_vector, query_terms


def test_chinese_is_segmented_and_latin_folded() -> None:
    vector = document_vector("测绘无人机 ＱＬ-M3 Survey Drones")
    for word in ("'测绘':1A", "'无人机':3A", "'ql':7A", "'m3':10A", "'survey':13A", "'drone':20A"):
        assert word in vector


def test_a_long_word_is_found_by_its_parts() -> None:
    assert "'无人':" in document_vector("无人机")


def test_fields_have_their_weights() -> None:
    vector = document_vector("手电", "防水", "露营")
    assert vector == "'手电':1A '防水':4B '露营':7C"


def test_a_word_in_two_fields_keeps_both_places() -> None:
    assert document_vector("电池", "电池") == "'电池':1A,4B"


def test_a_question_wants_every_word() -> None:
    assert query_terms("测绘无人机") == "'测绘' & '无人机'"


def test_a_word_that_no_dictionary_knows_is_asked_for_as_neighbours() -> None:
    assert query_terms("青岚 电池") == "('青' <-> '岚') & '电池'"
    assert "'岚':2A" in document_vector("青岚 M3")


def test_neighbours_end_at_a_space() -> None:
    assert query_terms("青 岚") == "'青' & '岚'"


def test_the_last_latin_word_may_go_on() -> None:
    assert query_terms("survey dro") == "'survey' & 'dro':*"


@pytest.mark.parametrize("text", ["", "   ", "的 and", "' & | ! <-> :* \\ ( )", "\0", "🙂"])
def test_a_question_without_words_is_empty(text: str) -> None:
    assert query_terms(text) == ""
    assert document_vector(text) == ""


@pytest.mark.parametrize("text", ["o'neill", "a\\b'c", "'); drop table product; --", "x:*A & y", "青'岚"])
def test_no_input_leaves_its_quotes(text: str) -> None:
    inside = query_terms(text).replace("(", "").replace(")", "").replace(":*", "").replace(" <-> ", " & ").split(" & ")
    assert all(term[0] == term[-1] == "'" and term[1:-1].isalnum() for term in inside)


def test_questions_and_words_are_bounded() -> None:
    assert query_terms("电池 " * 500).count("'电池'") <= QUERY_WORDS_MAX
    assert document_vector("x" * (WORD_CHARACTERS_MAX + 1)) == ""


def test_positions_stay_within_what_a_tsvector_holds() -> None:
    places = document_vector("", "", "电池，" * 20_000).split(":")[1].split(",")
    assert len(places) <= 255
    assert all(int(place.rstrip("ABC")) <= POSITION_MAX for place in places)


def test_the_dictionary_is_not_read_on_import_and_leaves_nothing_behind(tmp_path: Path) -> None:
    program = (
        "import domain.shop.words as words\n"
        "assert words._loaded_segmenter.cache_info().currsize == 0\n"
        "assert words.query_terms('无人机') == \"'无人机'\"\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
