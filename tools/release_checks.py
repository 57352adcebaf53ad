"""What has to hold before a release: each check takes the course's folder and says what is open, or nothing."""

import csv
import re
import tomllib
from collections import defaultdict
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from edgelab.course.notebooks import COURSE, tidied
from tools.lock import pins
from tools.repository import git

ENTRY = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\d{4}-\d\d-\d\d))?$", re.MULTILINE)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def read(root: Path, name: str) -> str:
    return (root / name).read_text("utf-8")


def version(root: Path) -> str:
    """The package's, read without importing it."""
    return re.findall(r'^__version__ = "([^"]+)"$', read(root, "edgelab/__init__.py"), re.MULTILINE)[0]


def entries(changelog: str) -> list[tuple[str, str | None, str]]:
    """Of each version in the changelog, newest first: its name, its date, what it says."""
    found = list(ENTRY.finditer(changelog))
    ends = [*(match.start() for match in found[1:]), len(changelog)]
    return [(m["version"], m["date"], changelog[m.end() : end].strip()) for m, end in zip(found, ends, strict=False)]


# --- the repository -----------------------------------------------------------------------------


def on_main(root: Path) -> str | None:
    branch = git(root, "branch", "--show-current")
    return None if branch == "main" else f"git switch main (here: {branch or 'no branch'})"


def tag_is_free(root: Path) -> str | None:
    tag = f"v{version(root)}"
    taken = git(root, "tag", "--list", tag)
    return f"{tag} is there already: name another version in edgelab/__init__.py" if taken else None


def tested(root: Path) -> str | None:
    """`make test` leaves the commit that it passed on in `build/tested`."""
    stamp = root / "build" / "tested"
    passed = stamp.read_text("utf-8").strip() if stamp.exists() else None
    if passed == git(root, "rev-parse", "HEAD"):
        return None
    return f"`make test` (last passed on {passed[:9] if passed else 'no commit'}); or `make release FULL=1`"


# --- versions and what changed ------------------------------------------------------------------


def one_version(root: Path) -> str | None:
    ours, newest = version(root), entries(read(root, "CHANGELOG.md"))
    cited = str(yaml.safe_load(read(root, "CITATION.cff")).get("version"))
    logged = newest[0][0] if newest else "none"
    if ours == cited == logged:
        return None
    return f"one version in edgelab/__init__.py ({ours}), CITATION.cff ({cited}) and CHANGELOG.md ({logged})"


def one_date(root: Path) -> str | None:
    newest = entries(read(root, "CHANGELOG.md"))
    cited = str(yaml.safe_load(read(root, "CITATION.cff")).get("date-released"))
    logged = newest[0][1] if newest else None
    return None if cited == logged else f"one date in CITATION.cff ({cited}) and CHANGELOG.md ({logged})"


def changes_are_told(root: Path) -> str | None:
    newest = entries(read(root, "CHANGELOG.md"))
    told = newest and re.search(r"^- \S", newest[0][2], re.MULTILINE)
    return None if told else "say in CHANGELOG.md what changed for users"


def lock_is_current(root: Path) -> str | None:
    project, lock = tomllib.loads(read(root, "pyproject.toml"))["project"], pins(read(root, "requirements.lock"))
    lines = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    for needed in map(Requirement, lines):
        found = lock.get(canonicalize_name(needed.name))
        if found is None or not needed.specifier.contains(found, prereleases=True):
            return f"`make lock`: pyproject.toml asks for {needed}, the lock has {found or 'none'}"
    return None


# --- what users read ----------------------------------------------------------------------------


def notebooks_are_tidy(root: Path) -> str | None:
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        if tidied(path) != path.read_text("utf-8"):
            return f"`make tidy`: {path.name} holds outputs or metadata"
    return None


def readme_tables_are_true(root: Path) -> str | None:
    """Each number in a row stands in the row of that name at its source: the course's map, its measured times, the tables
    of benchmarks/README.md; a notebook that is missing, or whose row names none of them, is open, too."""
    sources = defaultdict(list)
    for name, decision, path, minutes in COURSE:
        sources[name] += [decision, path, str(minutes)]
    for row in csv.DictReader(read(root, "data/course_times.csv").splitlines()):
        sources[row.pop("notebook")] += row.values()
    for name, *cells in rows(read(root, "benchmarks/README.md")):
        sources[name] += cells
    shown = [row for row in rows(read(root, "README.md")) if row[0] in sources]
    for name, *cells in shown:
        known = set(NUMBER.findall(" ".join(sources[name])))
        if wrong := [number for cell in cells for number in NUMBER.findall(cell) if number not in known]:
            return f"mend README.md's row {name}: {wrong[0]} is not what its source says"
    missing = [name for name, *_ in COURSE if name not in {row[0] for row in shown}]
    return f"add {missing[0]} to README.md's table" if missing else None


def readme_links_are_there(root: Path) -> str | None:
    """Those within the course; addresses elsewhere are not asked."""
    tokens = parsed(read(root, "README.md"))
    inline = [child for token in tokens for child in token.children or ()]
    targets = [str(t.attrs.get("href") or t.attrs.get("src")) for t in inline if t.type in ("link_open", "image")]
    headings = {slug(after.content) for token, after in pairs(tokens) if token.type == "heading_open"}
    for target in targets:
        file, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        if file and not (root / file).exists():
            return f"README.md links to {file}, which is not there"
        if anchor and not file and anchor not in headings:
            return f"README.md links to #{anchor}, a heading that is not there"
    return None


def parsed(markdown: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(markdown)


def pairs(tokens: list[Token]) -> list[tuple[Token, Token]]:
    return list(zip(tokens, tokens[1:], strict=False))


def rows(markdown: str) -> list[list[str]]:
    """The cells of each row of each table, as text without marks."""
    found: list[list[str]] = []
    for token, after in pairs(parsed(markdown)):
        if token.type == "tr_open":
            found.append([])
        if token.type in ("th_open", "td_open"):
            texts = [t.content for t in after.children or () if t.type in ("text", "code_inline")]
            found[-1].append("".join(texts).strip())
    return found


def slug(heading: str) -> str:
    """The anchor of a heading, as it is shown on the course's page."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
