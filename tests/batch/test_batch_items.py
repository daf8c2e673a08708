"""The items of a batch: where they come from, and what is refused before anything is sent."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.api.operations import Generate
from airflow_provider_getty.batch.items import Catalogue, Item, Items

ACCOUNT = Account(api_key="key", api_secret="secret")


def refusal(requests: Any, **arguments: Any) -> str:
    with pytest.raises(InvalidRequestError) as refused:
        Catalogue.of(Items(requests, **arguments))
    return refused.value.problem


def file(folder: Path, text: str, name: str = "items.jsonl") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def items(*arguments: Any) -> list[Item]:
    """The items of a batch, all of which can be used."""
    read = list(Items(*arguments))
    assert all(isinstance(item, Item) for item in read)
    return [item for item in read if isinstance(item, Item)]


def test_json_lines_csv_and_a_list_are_the_same_items(tmp_path: Path) -> None:
    documents: list[dict[str, Any]] = [
        {"image_id": "1", "mask": [[0, 0, 9, 9]], "image_size": [10, 10], "prompt": 'a "red", boat'},
        {"operation": "generate", "prompt": "stars", "seed": 5, "name": "sky"},
    ]
    lines = "\n\n".join(map(json.dumps, documents))
    table = (
        "operation,image_id,mask,image_size,prompt,seed,name\r\n"
        ',1,"[[0, 0, 9, 9]]","[10, 10]","a ""red"", boat",,\r\n'
        "generate,,,,stars,5,sky\r\n"
    )
    files = (file(tmp_path, lines), file(tmp_path, "\ufeff" + table, "items.CSV"))
    requests: list[dict[str, Any]] | str
    for requests in (documents, *files):
        first, second = items(requests)
        assert (first.number, first.operation, first.name) == (1, "refine", None)
        assert (second.number, second.operation, second.name) == (2, "generate", "sky")
        assert [item.without_mask() for item in (first, second)] == [
            item.without_mask() for item in items(documents)
        ]


def test_defaults_are_for_items_that_do_not_give_them() -> None:
    first, second = items([{"prompt": "a"}, {"prompt": None}], "generate", {"prompt": "b", "seed": 1})
    assert (first.written, second.written) == ({"prompt": "a", "seed": 1}, {"prompt": "b", "seed": 1})


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        ('{"prompt": "a"}\n{"prompt"', "items.jsonl", "line 2: it is not JSON"),
        ('{"prompt": "a"}\n["b"]', "items.jsonl", "line 2: it is ['b']; it must be a mapping of arguments."),
        ("prompt\na\nb,c\n", "items.csv", "line 3: it has more cells than the first line."),
        ('prompt\n"a\n', "items.csv", "is not CSV"),
        ('prompt,mask\na,"[[1,"\n', "items.csv", "line 2: mask is not JSON"),
        (
            "prompt\na\n",
            "items.txt",
            "write one object per line. (The name of a table must end in .csv or .tsv.)",
        ),
        ('[{"prompt": "a"},\n', "items.json", "begin like a JSON array, but are not one"),
        ('["a"]', "items.json", "item 1: it is 'a'; it must be a mapping of arguments."),
        ("", "items.csv", "an empty table: was the file complete"),
        ("\n \n", "items.csv", "an empty table: was the file complete"),
        ("prompt,size\na,red\n", "items.csv", "line 2: Generate cannot be sent: size: there is no such"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, text: str, name: str, problem: str
) -> None:
    assert problem in refusal(file(tmp_path, text, name), operation="generate")


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        ("\nPrompt;seed;prompt\na;1;b\n", "items.csv", "line 2 of the requests names prompt twice"),
        (
            '{"prompt": "a", "prompt": "b"}',
            "items.jsonl",
            "line 1: it is not JSON ('prompt' appears twice)",
        ),
        ('[{"prompt": "a", "prompt": "b"}]', "items.json", "('prompt' appears twice)"),
    ],
)
def test_of_two_prompts_none_is_paid_for(tmp_path: Path, text: str, name: str, problem: str) -> None:
    assert problem in refusal(file(tmp_path, text, name), operation="generate")


@pytest.mark.parametrize(
    "text", ['[{"prompt": "a"}, {"prompt": "b"}]', '[\n {"prompt": "a"},\n {"prompt": "b"}\n]\n']
)
@pytest.mark.parametrize("name", ["items.json", "items.jsonl"])
def test_a_json_array_is_read_as_a_list(tmp_path: Path, text: str, name: str) -> None:
    read = items(file(tmp_path, text, name), "generate")
    assert [(item.at, item.written) for item in read] == [
        ("item 1", {"prompt": "a"}),
        ("item 2", {"prompt": "b"}),
    ]


def test_blank_lines_before_a_table_are_passed_over(tmp_path: Path) -> None:
    [item] = items(file(tmp_path, "\n\nprompt\na\n", "items.csv"), "generate")
    assert (item.at, item.written) == ("line 4", {"prompt": "a"})


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x1f\x8b\x08\x00", "compressed with gzip"),
        (b"PK\x03\x04\x14\x00", "a workbook or another ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Excel workbook"),
        ("prompt\na\n".encode("utf-16"), "not UTF-8"),
        ("prompt\na\n".encode("utf-16-le"), "not UTF-8"),
    ],
)
@pytest.mark.parametrize("name", ["items.csv", "items.jsonl", "items.csv.gz"])
def test_what_is_no_text_is_named_by_its_first_bytes(
    tmp_path: Path, data: bytes, kind: str, name: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert f"are {kind}: save them as " in refusal(str(tmp_path / name), operation="generate")


def test_other_encodings_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes('{"prompt": "é"}'.encode("latin-1"))
    assert "are not UTF-8" in refusal(str(tmp_path / "latin"))
    assert "No such file" in refusal(str(tmp_path / "none.csv"))
    assert "Is a directory" in refusal(str(tmp_path))


@pytest.mark.parametrize(
    ("requests", "problem"),
    [
        ('[{"prompt": "a"}]', "requests is the text of a list. Pass the list itself"),
        ({"prompt": "a"}, "requests is dict; give a list of mappings"),
        (None, "requests is NoneType"),
    ],
)
def test_what_is_no_list_and_no_place_is_refused(requests: Any, problem: str) -> None:
    assert problem in refusal(requests)


def test_all_items_are_checked_and_the_first_that_fail_are_named() -> None:
    requests = [
        {"operation": "generate", "prompt": "fine"},
        {"operation": "paint", "prompt": "a"},
        {"operation": "generate", "prompt": "b", "aspect_ratio": "5:1"},
        {"image_id": "1", "mask": "m.png", "mask_url": "https://x", "prompt": "c"},
        {"image_id": "1", "prompt": "d"},
        {"operation": "generate", "prompt": "e", "name": "x"},
    ]
    problem = refusal(requests)
    assert problem.startswith("4 of 6 items cannot be used. item 2: operation is 'paint'; it must be one of ")
    assert "item 3: " in problem
    assert "1:1" in problem
    assert "item 4: Exactly one of mask and mask_url must be given" in problem
    assert "item 5: Exactly one of mask and mask_url must be given" in problem


def test_the_mask_of_an_item_is_not_read_for_the_check(tmp_path: Path) -> None:
    [item] = Items([{"image_id": "1", "mask": str(tmp_path / "none.png"), "prompt": "c"}])
    assert isinstance(item, Item)
    assert item.without_mask()
    with pytest.raises(InvalidRequestError, match="does not exist"):
        item.request(ACCOUNT)


@pytest.mark.parametrize(
    "name", [" ", "a/b", "a\\b", ".", "..", "a\0", "a\n", "\ud800", "x" * 181, "図" * 61]
)
def test_a_name_that_cannot_name_a_file_is_refused(name: str) -> None:
    assert "it names files" in refusal([{"operation": "generate", "prompt": "a", "name": name}])


def test_an_item_that_repeats_another_is_refused_unless_both_have_names() -> None:
    same = {"operation": "generate", "prompt": "a"}
    assert refusal([same, {**same, "seed": 1}, same]).startswith("Item 3 repeats item 1")
    assert len(Catalogue.of(Items([{**same, "name": "1"}, {**same, "name": "2"}]))) == 2


def test_an_item_is_found_by_its_key_wherever_it_is() -> None:
    documents = [{"prompt": f"{number}"} for number in range(100)]
    catalogue = Catalogue.of(Items(documents, "generate"))
    moved = Catalogue.of(Items(documents[::-1], "generate"))
    assert [catalogue.number(key) for key in moved.keys] == list(range(100, 0, -1))
    assert catalogue.number(0) is None


def test_ten_thousand_lines_are_checked_without_being_held(tmp_path: Path) -> None:
    prompt = "a long prompt " * 100
    with (tmp_path / "items.jsonl").open("w") as lines:
        for number in range(10_000):
            lines.write(json.dumps({"operation": "generate", "prompt": f"{prompt}{number}"}) + "\n")
    Item(1, "", "generate", {"prompt": "what is loaded once"}).without_mask()

    tracemalloc.start()
    catalogue = Catalogue.of(Items(str(tmp_path / "items.jsonl")))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(catalogue) == 10_000
    assert peak < 2_500_000  # of 15 million bytes of prompts


TABLE = "Prompt; Operation ;Left Percentage;image_id;name\r\n[red] boat, at sea;Extend;12,5;7;a\r\n;;;;\r\n;;;;\r\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (TABLE.replace("Extend", "extend"), "excel.csv"),
        ("sep=;\r\n" + TABLE.replace("Extend", "extend"), "declared.csv"),
        ("sep=|\r\n" + TABLE.replace("Extend", "extend").replace(";", "|"), "declared-otherwise.csv"),
        (TABLE.replace("Extend", "extend").replace(";", "\t"), "tabs.csv"),
        (TABLE.replace("Extend", "extend").replace(";", "\t"), "tabs.tsv"),
        ("\ufeff" + TABLE.replace("Extend", "extend"), "with-a-mark.csv"),
    ],
)
def test_a_table_of_a_spreadsheet_is_read_as_it_is(tmp_path: Path, text: str, name: str) -> None:
    [item] = Items(file(tmp_path, text, name))
    assert isinstance(item, Item), item
    assert (item.operation, item.name) == ("extend", "a")
    operation: Any = item.without_mask()
    assert (operation.prompt, operation.left_percentage) == ("[red] boat, at sea", 12.5)


def test_a_table_without_any_argument_names_the_separator(tmp_path: Path) -> None:
    problem = refusal(file(tmp_path, "what|which\na|b\n", "pipes.csv"))
    assert "names no argument ('what|which')" in problem
    assert "The separator was taken to be a comma." in problem


@pytest.mark.parametrize(
    ("name", "kind"), [("a.xlsx", "an Excel workbook"), ("a.ods", "an OpenDocument spreadsheet")]
)
def test_a_workbook_is_named_for_what_it_is(tmp_path: Path, name: str, kind: str) -> None:
    assert f"are {kind}: save them as CSV (UTF-8)" in refusal(file(tmp_path, "PK", name))


def test_lines_of_all_kinds_that_cannot_be_used_are_named_together(tmp_path: Path) -> None:
    lines = [
        "{",
        "[]",
        '{"prompt": "a", "name": "a/b"}',
        '{"prompt": NaN}',
        '{"prompt": "fine"}',
        '{"seed": 1}',
    ]
    problem = refusal(file(tmp_path, "\n".join(lines)), operation="generate")
    assert problem.startswith("5 of 6 items cannot be used. line 1: it is not JSON")
    for said in (
        "line 2: it is []; it must be a mapping of arguments.",
        "line 3: name is 'a/b'",
        "line 4: prompt is nan; it must be finite.",
        "line 6: Generate",
    ):
        assert said in problem


def test_of_many_items_that_cannot_be_used_ten_are_named() -> None:
    problem = refusal([{"operation": "generate", "prompt": ""}] * 12)
    assert problem.startswith("12 of 12 items cannot be used. item 1: ")
    assert problem.count(": prompt is ''") == 10
    assert problem.endswith(" (and 2 more)")


@pytest.mark.parametrize(
    "prompt",
    [
        *["", "  ", "None", "nan", "NaT", "<NA>", float("nan"), "a {{ params.what }}", "{% if x %}"],
        *["#REF!", " #N/A", "#NAME?", "#DIV/0!", "a\0b", "\ud800"],
    ],
)
def test_a_prompt_that_nobody_means_is_refused(prompt: Any) -> None:
    assert "item 1: prompt" in refusal([{"operation": "generate", "prompt": prompt}])


def test_an_empty_text_counts_as_not_given() -> None:
    [item] = Items([{"prompt": "a", "seed": "", "negative_prompt": "", "name": ""}], "generate")
    assert isinstance(item, Item)
    assert (item.written, item.name) == ({"prompt": "a"}, None)


def test_what_changes_nothing_for_getty_makes_no_other_item() -> None:
    def keys(documents: list[dict[str, Any]], **arguments: Any) -> list[int]:
        return list(Catalogue.of(Items(documents, **arguments)).keys)

    plain = keys([{"operation": "generate", "prompt": "a", "seed": 5}])
    assert keys([{"operation": "generate", "prompt": "a", "seed": "5", "name": "n"}]) == plain
    assert keys([{"prompt": "a"}], operation="generate", defaults={"seed": 5, "prompt": "b"}) == plain
    assert keys([{"operation": "generate", "prompt": "a", "seed": 5, "notes": None}]) == plain
    assert keys([{"operation": "generate", "prompt": "a", "seed": 6}]) != plain


def test_an_item_is_what_is_asked_as_for_a_task() -> None:
    """By the fingerprint: of what is set, wherever it is uploaded, in either case of letters."""

    def key(**written: Any) -> int:
        return Catalogue.of(Items([written])).keys[0]

    generation = "d54a102f-c32b-4453-8b72-2a774a0bc282"
    uploads = "/v3/search/by-image/uploads"
    plain = {"operation": "variations", "generation_request_id": generation, "index": 0}
    assert key(**plain) == key(**plain | {"generation_request_id": generation.upper()})
    refine = {"image_id": "1", "prompt": "a boat", "mask_url": f"http://127.0.0.1:8080{uploads}/m.jpg"}
    assert key(**refine) == key(**refine | {"mask_url": f"http://localhost{uploads}/m.jpg"})
    assert key(**refine) != key(**refine | {"mask_url": f"http://localhost{uploads}/n.jpg"})


def test_segmentations_are_known_by_what_they_show() -> None:
    """Not by their text, which numpy shortens."""

    def key(mask: Any) -> int:
        return Catalogue.of(Items([{"image_id": "1", "prompt": "a", "mask": mask}])).keys[0]

    left, right = np.zeros((100, 100), bool), np.zeros((100, 100), bool)
    left[40:60, 10:40], right[40:60, 60:90] = True, True
    assert key([{"segmentation": left}]) == key([{"segmentation": left.copy(), "score": 0.9}])
    assert key([{"segmentation": left}]) != key([{"segmentation": right}])
    runs = {"size": [2, 2], "counts": [1, 3]}
    assert key(runs) == key([runs]) == key(json.dumps(runs)) == key(json.dumps([runs]))


def test_an_upgrade_that_adds_an_optional_field_makes_no_other_item() -> None:
    class Upgraded(Generate):
        style: str = "photo"

    item = next(iter(Items([{"prompt": "a"}], "generate")))
    assert isinstance(item, Item)
    assert item.key(Upgraded(prompt="a")) == item.key(Generate(prompt="a"))


def test_items_that_ask_the_same_keep_what_is_paid_when_one_is_removed_or_renamed() -> None:
    def keys(*names: str) -> list[int]:
        return list(Catalogue.of(Items([{"prompt": "a", "name": name} for name in names], "generate")).keys)

    assert len(set(keys("x", "y", "z"))) == 3
    assert keys("x", "other", "z") == keys("x", "y", "z")
    assert set(keys("z", "y")) < set(keys("x", "y", "z"))
