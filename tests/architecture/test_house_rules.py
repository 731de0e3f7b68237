"""Rules that linters do not know. Each failure lists the places."""

from __future__ import annotations

import re

from tests.architecture import tree

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
VAGUE = {"utils", "util", "helpers", "helper", "manager", "managers", "service", "misc", "common"}
BINARY = {".png", ".woff2", ".ico", ".jpg", ".wav", ".mp3"}


def test_no_file_is_longer_than_400_lines():
    too_long = [
        f"{tree.name(path)}: {tree.lines(path)}"
        for path in tree.files(".py", ".js", ".css")
        if "/migrations/versions/" not in tree.name(path)
        and not re.match(r"tests/.*\bdata\b", tree.name(path))
        and tree.lines(path) > LONGEST_FILE
    ]
    assert too_long == []


def test_no_function_is_longer_than_60_lines():
    too_long = [
        f"{where}: {count}"
        for path in tree.files(".py", under="opsknight")
        for where, count in tree.functions(path)
        if count > LONGEST_FUNCTION
    ]
    assert too_long == []


def test_only_the_unit_of_work_commits():
    committing = [
        tree.name(path)
        for path in tree.files(".py", under="opsknight")
        if ".commit(" in path.read_text("utf-8") and "/store/migrations/" not in tree.name(path)
    ]
    assert committing == ["opsknight/domain/store/unit_of_work.py"]


def test_sql_never_asks_the_database_what_time_it_is_except_to_set_the_clock():
    asking = re.compile(
        r"\b(now|transaction_timestamp|statement_timestamp|timeofday)\(\)"
        r"|\b(current_timestamp|current_date|localtimestamp)\b"
        r"|'(now|today|tomorrow|yesterday)'",
        re.IGNORECASE,
    )
    places = [
        f"{tree.name(path)}:{line}"
        for path in tree.files(".py", under="opsknight")
        for line, text in tree.strings(path)
        if asking.search(text)
    ]
    calling = [
        tree.name(path)
        for path in tree.files(".py", under="opsknight")
        if re.search(r"\bfunc\.(now|current_timestamp|clock_timestamp)\b", path.read_text("utf-8"))
    ]
    assert places + calling == []


def test_every_module_is_named_after_what_it_is():
    vague = [tree.name(path) for path in tree.files(".py", ".js") if path.stem in VAGUE]
    assert vague == []


def test_no_file_names_a_package_index_or_a_place_on_one_machine():
    hosts = [rf"{name}\.{end}" for name, end in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "(org|com)"))]
    places = [re.escape(f"{tree.ROOT}/"), r"(?<![\w#])/home/[a-z]+/", "/root/"]
    named = re.compile("|".join([*hosts, "--(extra-)?index-url", '"resolved": "http', *places]))
    found = [
        f"{tree.name(path)}: {match[0]}"
        for path in tree.files()
        if path.suffix not in BINARY and path.name != "test_house_rules.py"
        for match in [named.search(path.read_text("utf-8", errors="replace"))]
        if match
    ]
    assert found == []


def test_every_provider_has_golden_payloads():
    from opsknight.api.providers.table import PROVIDERS  # the rules above hold without it

    golden = tree.ROOT / "tests/providers/golden"
    assert [slug for slug in PROVIDERS if not list((golden / slug).glob("*.json"))] == []


def test_every_page_is_waited_for_by_being_served_through_one_place():
    impatient = [
        tree.name(path)
        for path in tree.files(".py", under="opsknight/ui")
        if "ui.page(" in path.read_text("utf-8") and tree.name(path) != "opsknight/ui/pages.py"
    ]
    assert impatient == []
