"""Notebook 06 serves what the user trained, whatever its task, by changing the first cell alone."""

from pathlib import Path
from typing import Any

import pytest

from finetune.demo import titles, write_encoder
from tests.finetune.export.models import KINDS, write_model

nbformat: Any = pytest.importorskip("nbformat")
PATH = Path(__file__).parents[2] / "notebooks" / "06_from_run_to_service.ipynb"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # within the Jupyter client
def test_a_run_of_entities_is_served_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", str(PATH.parents[1]))
    encoder = write_encoder(tmp_path / "encoder", [text for text, _ in titles()])
    run = tmp_path / "people"
    write_model(run / "model", encoder, KINDS["tag"])
    book = nbformat.read(PATH, as_version=4)
    settings = next(cell for cell in book.cells if "parameters" in cell.metadata.get("tags", []))
    settings.source = f"{settings.source}\nRUN = {str(run)!r}"
    nbclient.NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert "entities" in str([cell.get("outputs") for cell in book.cells])
