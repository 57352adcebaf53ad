"""Logs divided and read: every row once, whatever the division; what cannot be read, with its reason."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edgelab.sweeps import pieces as dividing
from edgelab.sweeps import reading
from edgelab.sweeps.pieces import LogsError, find_sources, pieces_of
from edgelab.sweeps.reading import read

LINES = [
    '{"text": "one"}',
    "",
    '{"text": "two \\u00e9"}',
    '{"id": 1, "text": "  three "}',
    "   ",
    '{"text": "four"}',
]


def rows_of(file, source=0):
    """(row, text) of all pieces, and (row, reason) of what is set aside."""
    rows, aside = [], []
    for piece in pieces_of(source, file):
        for batch in read(piece):
            rows += zip(batch.rows, batch.texts, strict=True)
            aside += batch.aside
    return rows, aside


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("size", [1, 2, 7, 15, 16, 17, 40, 1000])
def test_every_line_is_read_once_however_a_file_is_divided(tmp_path, monkeypatch, size, end):
    newline = "\r\n" if end == "\r\n" else "\n"
    content = (newline.join(LINES) + end).encode()
    (tmp_path / "a.jsonl").write_bytes(content)
    monkeypatch.setattr(dividing, "PIECE_BYTES", size)
    monkeypatch.setattr(reading, "BATCH", 2)
    rows, aside = rows_of(tmp_path / "a.jsonl")
    assert [text for _, text in rows] == ["one", "two é", "three", "four"] and not aside
    assert all(
        content[row:].startswith(b"{") and text.split()[0].encode() in content[row : row + 40] for row, text in rows
    )


BAD = [
    (b'{"text": "a\xff"}', "expected UTF-8, found byte 0xff"),
    (b"{", "expected a JSON object: Expecting property name"),
    (b"[1]", "expected a JSON object, found list"),
    (b'"text"', "expected a JSON object, found str"),
    (b"{}", "expected a 'text', found none"),
    (b'{"text": null}', "expected a text, found null"),
    (b'{"text": 3}', "expected a text, found int"),
    (b'{"text": ["a"]}', "expected a text, found list"),
    (b'{"text": " "}', "expected a text, found it empty"),
    (b'{"text": "\\ud800"}', "expected whole characters, found half of one"),
    (b"[" * 100_000, "expected a JSON object: "),
    (b'{"text": "' + b"x" * 1_000_000 + b'"}', "expected a line of at most 1,000,000 bytes"),
]


@pytest.mark.parametrize("size", [100, 8_000_000])
def test_lines_that_cannot_be_read_are_set_aside_and_the_next_is_read(tmp_path, monkeypatch, size):
    (tmp_path / "a.jsonl").write_bytes(b"".join(line + b'\n{"text": "good"}\n' for line, _ in BAD))
    monkeypatch.setattr(dividing, "PIECE_BYTES", max(size, 20_000))
    rows, aside = rows_of(tmp_path / "a.jsonl")
    assert [text for _, text in rows] == ["good"] * len(BAD)
    assert len(aside) == len(BAD)
    assert all(said.startswith(expected) for (_, said), (_, expected) in zip(aside, BAD, strict=True)), aside


def test_a_byte_order_mark_is_none_of_the_text(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"text": "one"}\n')
    assert rows_of(tmp_path / "a.jsonl") == ([(0, "one")], [])


def test_an_empty_file_has_no_rows(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"")
    assert rows_of(tmp_path / "a.jsonl") == ([], [])


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_parquet_rows_keep_their_numbers_across_row_groups(tmp_path, monkeypatch, kind):
    texts = ["one", None, "two é", " ", "three", "four", "five"]
    table = pa.table({"id": range(7), "text": pa.array(texts, pa.string()).cast(kind)})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    for monkeyed in (1, 3, 100):
        monkeypatch.setattr(dividing, "PIECE_ROWS", monkeyed)
        monkeypatch.setattr(reading, "BATCH", monkeyed)
        rows, aside = rows_of(tmp_path / "a.parquet")
        assert rows == [(0, "one"), (2, "two é"), (4, "three"), (5, "four"), (6, "five")]
        assert aside == [(1, "expected a text, found null"), (3, "expected a text, found it empty")]
        assert sum(piece.rows for piece in pieces_of(0, tmp_path / "a.parquet")) == 7


def test_a_parquet_text_that_is_not_utf_8_is_set_aside_alone(tmp_path):
    array = pa.StringArray.from_buffers(3, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xffb"))
    pq.write_table(pa.table({"text": array}), tmp_path / "a.parquet")
    assert rows_of(tmp_path / "a.parquet") == ([(0, "a"), (2, "b")], [(1, "expected UTF-8, found byte 0xff")])


def test_a_damaged_row_group_is_set_aside_alone(tmp_path):
    texts = [f"text number {i}" for i in range(3000)]
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": texts}), file, row_group_size=1000, compression="zstd", use_dictionary=False)
    content = bytearray(file.read_bytes())
    group = pq.ParquetFile(file).metadata.row_group(1).column(0)
    middle = group.data_page_offset + group.total_compressed_size // 2
    content[middle : middle + 50] = b"\0" * 50
    file.write_bytes(content)
    rows, aside = rows_of(file)
    assert sorted([row for row, _ in rows] + [row for row, _ in aside]) == list(range(3000))
    assert aside and all(reason.startswith("expected Parquet: ") for _, reason in aside)
    assert {row for row, _ in aside} <= set(range(1000, 2000))
    assert dict(rows)[0] == "text number 0" and dict(rows)[2000] == "text number 2000"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected Parquet: "),
        (b"PAR1", "expected Parquet: "),
        ({"id": [1]}, "expected one column 'text', found id"),
        ({"text": [1]}, "expected a column 'text' of strings, found int64"),
        ({"text": [["a"]]}, "expected a column 'text' of strings, found list"),
        ("cut off", "expected Parquet: "),
    ],
)
def test_parquet_that_is_none_is_told(tmp_path, content, said):
    file = tmp_path / "a.parquet"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        pq.write_table(pa.table(content if isinstance(content, dict) else {"text": ["a"] * 1000}), file)
    if content == "cut off":
        file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(LogsError, match=said) as told:
        pieces_of(0, file)
    assert "\n" not in str(told.value)


def test_two_columns_of_that_name_are_refused(tmp_path):
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(LogsError, match="expected one column 'text', found text, text"):
        pieces_of(0, tmp_path / "a.parquet")


def test_a_file_that_became_another_is_refused(tmp_path):
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a"] * 4}), file, row_group_size=1)
    (piece,) = pieces_of(0, file)
    pq.write_table(pa.table({"text": ["a"]}), file)
    with pytest.raises(LogsError, match="expected the file of before"):
        list(read(piece))
    file.unlink()
    with pytest.raises(LogsError, match="cannot be read: .*No such file"):
        list(read(piece))


def test_sources_are_found_sorted_hidden_and_others_left_out(tmp_path):
    for name in ("b.jsonl", "a/c.PARQUET", "a/.hidden.jsonl", ".folder/d.jsonl", "_SUCCESS", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps({}))
    (tmp_path / "folder.jsonl").mkdir()
    assert find_sources(tmp_path) == ["a/c.PARQUET", "b.jsonl"]
    assert find_sources(tmp_path / "b.jsonl") == ["b.jsonl"]


def test_what_has_no_logs_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(LogsError, match="expected a .parquet or .jsonl file, or a folder of them, found none"):
        find_sources(tmp_path)
    with pytest.raises(LogsError, match="expected a .parquet or .jsonl file"):
        find_sources(tmp_path / "notes.txt")
    with pytest.raises(LogsError, match="cannot be read: No such file"):
        find_sources(tmp_path / "none")
