"""The import refuses a desk file that would exhaust the parser's time or memory before parsing it.
The error has file and line.
"""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from handoff_service.errors import SetupError
from handoff_service.operations.desk_file import read_desk_file, toml_limits

BOMBS = [
    (
        "a key of 100,000 parts",
        "a" + ".a" * 100_000 + " = 1",
        1,
        "a line may have at most 50,000 characters",
    ),
    (
        "a key of 20,000 parts",
        "# a\n" + "a" + ".a" * 20_000 + " = 1",
        2,
        "a key may have at most 4 parts",
    ),
    ("a table of 20,000 parts", "[" + "a." * 20_000 + "a]", 1, "a key may have at most 4 parts"),
    ("quoted parts", "'a'" + ' . "a"' * 5_000 + " = 1", 1, "a key may have at most 4 parts"),
    ("nested arrays", "a=" + "[" * 40_000, 1, "values may be nested at most 16 deep"),
    (
        "nested arrays, one per line",
        "a=" + "[\n" * 400_000,
        17,
        "values may be nested at most 16 deep",
    ),
    ("nested inline tables", "a=" + "{a=" * 10_000, 1, "values may be nested at most 16 deep"),
    (
        "nested arrays after a string",
        'a = """[[["""\nb=' + "[" * 17,
        2,
        "values may be nested at most 16 deep",
    ),
    ("an overlong line", f'a = "{"x" * 900_000}"', 1, "a line may have at most 50,000 characters"),
    ("a string without an end", 'a = """' + '\\"""' * 12_000, None, "Unterminated string"),
    ("a number without an end", "a = " + "1" * 10_000, None, "4300 digits"),
    ("more than 20 MB", "#\n" * 10_000_001, 1, "the file has more than 20 MB"),
]


@pytest.mark.parametrize(
    ("text", "line", "what"), [b[1:] for b in BOMBS], ids=[b[0] for b in BOMBS]
)
def test_files_that_exhaust_the_parser_are_refused_at_once(
    text: str, line: int | None, what: str
) -> None:
    content, before = text.encode(), time.process_time()
    with pytest.raises(SetupError) as refused:
        read_desk_file.read_bytes(content, "desk.toml")
    assert time.process_time() - before < 2
    assert str(refused.value).startswith(f"desk.toml:{line}: " if line else "desk.toml: ")
    assert what in str(refused.value)


def test_brackets_in_strings_and_comments_do_not_count() -> None:
    text = (
        f"# {'[' * 100} {'a.' * 100}\n[desk]\nname = 'a.b.c.d.e.f [[[[[[[[[[[[[[[[[[[[[[['\n"
        f'[[templates]]\nname = "N"\nbody = """{"[" * 100}\n{"a." * 100}\\"""" # {"{" * 100}\n'
    )
    assert read_desk_file.read_bytes(text.encode(), "desk.toml").templates[0].body.startswith("[[[")


def test_a_file_with_thousands_of_errors_gets_a_short_report() -> None:
    """A report of all 180,000 errors of this file would take 240 MB."""
    with pytest.raises(SetupError) as refused:
        read_desk_file.read_bytes(b"[[users]]\n" * 90_000, "desk.toml")
    told = str(refused.value).splitlines()
    assert (len(told), told[2]) == (21, "desk.toml:3: users[1].external_id: is required")
    text = '[[users]]\nexternal_id = "a"\nname = "b"\n' * 3000 + "[[users]]\nshoe = 9\n"
    with pytest.raises(SetupError) as refused:
        read_desk_file.read_bytes(text.encode(), "desk.toml")
    assert (
        "desk.toml:9002: users[3000].shoe: there is no such key" in str(refused.value).splitlines()
    )


@pytest.mark.parametrize("text", [BOMBS[0][1], BOMBS[1][1], BOMBS[4][1], BOMBS[5][1]])
def test_a_file_that_exhausts_the_parser_takes_less_than_50_mb(tmp_path: Path, text: str) -> None:
    """The test runs in a process whose memory limit is 50 MB above its current use."""
    path = tmp_path / "desk.toml"
    path.write_text(text)
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from handoff_service.errors import SetupError\n"
        "from handoff_service.operations.desk_file import read_desk_file\n"
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        "limit = pages * resource.getpagesize() + 50_000_000\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "try:\n    read_desk_file.read(Path(sys.argv[1]))\n"
        "except SetupError as error:\n    print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
    )
    assert ran.stdout.startswith(f"{path}:"), ran.stderr


def test_checking_a_megabyte_takes_a_fraction_of_a_second() -> None:
    text, before = "a = [1, 2]\n" * 90_000, time.process_time()
    toml_limits.check(text)
    assert time.process_time() - before < 2
