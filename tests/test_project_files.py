"""What a project shows: files for citing, reporting and releasing, in their readers' form."""

import configparser
import os
import re
from pathlib import Path

import pytest

import minidl

ROOT = Path(__file__).resolve().parents[1]
CONFIG = configparser.ConfigParser(interpolation=None)
CONFIG.read(ROOT / "setup.cfg", encoding="utf-8")
WORKFLOW = ROOT / ".github/workflows/ci.yml"
FORMS = sorted(set(ROOT.glob(".github/ISSUE_TEMPLATE/*.yml")) - {*ROOT.rglob("config.yml")})
PAGES = ["CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md", "THIRD-PARTY.md"]


def read(path):
    """Return what a YAML file holds."""
    yaml = pytest.importorskip("ruamel.yaml", reason='pip install -e ".[test]"')
    return yaml.YAML(typ="safe").load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("citation-file-format", [ROOT / "CITATION.cff"]),
        ("github-workflows", [WORKFLOW]),
        ("github-issue-forms", FORMS),
        ("github-issue-config", [ROOT / ".github/ISSUE_TEMPLATE/config.yml"]),
    ],
)
def test_a_file_has_the_form_that_its_readers_want(schema, paths, capsys):
    tool = pytest.importorskip("check_jsonschema", reason='pip install -e ".[test]"')
    arguments = [f"--builtin-schema=vendor.{schema}", *map(str, paths)]
    status = tool.main(arguments, standalone_mode=False)
    assert status == 0, capsys.readouterr().out


def test_there_is_a_form_for_wrong_verdicts_and_one_for_the_rest():
    assert [path.stem for path in FORMS] == ["something-else", "wrong-verdict"]


def test_the_citation_is_that_of_this_version():
    citation = read(ROOT / "CITATION.cff")
    metadata = CONFIG["metadata"]
    assert citation["version"] == minidl.__version__
    assert citation["license"] == metadata["license"]
    assert [author["name"] for author in citation["authors"]] == [metadata["author"]]
    assert citation["keywords"] == metadata["keywords"].split(", ")
    assert metadata["author"] in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_public_checks_run_on_the_versions_that_the_package_names():
    jobs = read(WORKFLOW)["jobs"]
    matrix = jobs["packages"]["strategy"]["matrix"]
    named = re.findall(r"Python :: (3\.\d+)", CONFIG["metadata"]["classifiers"])
    assert matrix["python"] == named
    assert named[0] == CONFIG["options"]["python_requires"].removeprefix(">=")
    assert {entry["versions"] for entry in matrix["include"]} | {*matrix["versions"]} == {
        "oldest",
        "newest",
    }


def test_the_public_checks_call_scripts_that_exist():
    jobs = read(WORKFLOW)["jobs"].values()
    called = {step["run"].split()[0] for job in jobs for step in job["steps"] if "run" in step}
    assert called == {".ci/run", ".ci/coverage", ".ci/packages", ".ci/pages"}
    for script in called:
        assert os.access(ROOT / script, os.X_OK), script


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_exists(page):
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    named = re.findall(r"`((?:\.?[\w-]+/)+[\w.-]*|[A-Z_-]+\.(?:md|cff))`", text)
    assert named
    made_by_programs = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    for name in named:  # the package may be installed, away from the rest
        root = Path(minidl.__file__).parents[1] if name.startswith("minidl/") else ROOT
        assert (root / name).exists() or f"{name.rstrip('/')}/" in made_by_programs, name


def test_the_origin_of_what_the_site_is_built_with_is_told():
    text = (ROOT / "THIRD-PARTY.md").read_text(encoding="utf-8")
    packages = re.findall(r"^([\w-]+)>=", CONFIG["options.extras_require"]["docs"], re.MULTILINE)
    assert len(packages) > 3
    for package in packages:
        assert re.search(rf"\b{package}\b", text), f"THIRD-PARTY.md: what does {package} bring?"


def test_the_sdist_leaves_out_the_pages_that_sphinx_writes():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    manifest = (ROOT / "MANIFEST.in").read_text(encoding="utf-8")
    pruned = re.findall(r"^prune (.+)$", manifest, re.MULTILINE)
    assert pruned == [line.rstrip("/") for line in ignored if line.startswith("docs/")]
