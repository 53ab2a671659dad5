"""Every notebook is clean in git, and runs from top to bottom on a CPU without a network."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

nbformat: Any = pytest.importorskip("nbformat")

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
WITHOUT_SETTINGS = {"01_verify_gpu"}
OFFLINE = {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.stem))


def read(path: Path) -> Any:  # noqa: ANN401 - nbformat has no types
    return nbformat.read(path, as_version=4)


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS, f"no notebook in {FOLDER}"


@each_notebook
def test_it_is_a_valid_notebook(path: Path) -> None:
    nbformat.validate(read(path))


@each_notebook
def test_it_carries_no_output_and_nothing_of_the_machine_it_was_written_on(path: Path) -> None:
    book = read(path)
    assert set(book.metadata) == {"kernelspec", "language_info"}
    assert book.metadata.kernelspec.name == "python3"
    assert dict(book.metadata.language_info) == {"name": "python"}
    for cell in (cell for cell in book.cells if cell.cell_type == "code"):
        assert (cell.outputs, cell.execution_count) == ([], None), cell.id


@each_notebook
def test_it_opens_with_a_title_and_explains_itself(path: Path) -> None:
    cells = read(path).cells
    assert cells[0].source.startswith(f"# {path.stem[:2]} ")
    texts = [cell for cell in cells if cell.cell_type == "markdown"]
    assert len(texts) >= len(cells) * 0.4, "much code, few words"


@each_notebook
def test_its_links_lead_somewhere(path: Path) -> None:
    words = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", words):
        assert (path.parent / target).exists(), target


@each_notebook
def test_users_change_one_cell_alone(path: Path) -> None:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    tagged = [number for number, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", [])]
    assert tagged == ([] if path.stem in WITHOUT_SETTINGS else [0])


@each_notebook
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # within the Jupyter client
def test_it_runs_from_top_to_bottom(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(read(path), path, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # within the Jupyter client
def test_data_of_ones_own_may_be_one_file_as_excel_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, data = FOLDER / "02_chinese_news_classification.ipynb", tmp_path / "评论.csv"
    rows = "".join(f"这家店第{n}次来,{'差评' if n % 3 else '好评'}\r\n" for n in range(60))
    data.write_bytes(f"内容,标签\r\n{rows}".encode("gbk"))
    book = read(path)
    book.cells = [cell for cell in book.cells if cell.id <= "cell-06"]  # those that read it
    book.cells[1].source = book.cells[1].source.replace("DATA = None", f"DATA = {str(data)!r}")
    run(book, path, tmp_path, monkeypatch)
    said = "".join(one.get("text", "") for cell in book.cells for one in cell.get("outputs", []))
    assert re.search(r"train +48 texts.*validation +6 texts.*test +6 texts", said, re.DOTALL), said


def run(book: Any, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    """Execute the notebook; what it needs beside the image's own packages may be missing."""
    nbclient = pytest.importorskip("nbclient")
    missing = [name for name in ("ipykernel", *imported(path)) if find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed here: {', '.join(missing)}")
    for name, value in OFFLINE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    # A copy in a folder of its own: what the notebook writes beside itself stays out of the checkout.
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(path, folder)
    client = nbclient.NotebookClient(book, timeout=900, resources={"metadata": {"path": str(folder)}})
    client.execute()
    nbformat.write(book, folder / path.name)  # to look at, under pytest's --basetemp
    assert warnings_in(book) == []


def imported(path: Path) -> list[str]:
    """Return the packages that the notebook imports at the start of a line."""
    lines = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code").splitlines()
    words = [line.split() for line in lines if line.startswith(("import ", "from "))]
    return sorted({pair[1].split(".")[0] for pair in words})


def warnings_in(book: Any) -> list[str]:  # noqa: ANN401 - nbformat has no types
    """Return what the notebook's cells wrote about warnings: a reader would see them too."""
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    texts = [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    return [text for text in texts if "Warning" in text or "Traceback" in text]
