"""Chinese in pictures, as somebody writes it who never heard of fonts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.engine import Image

PLOT = """
import matplotlib.pyplot as plt
SETTING
plt.plot([-1, 2], label="验证集")
plt.title("中文标题 ÄÖÜ 新闻分类")
plt.xlabel("准确率（%）")
plt.legend()
plt.savefig("/pictures/plot.png")
"""
SETTINGS = {
    "no setting": "",
    "the line that tutorials use on Windows": "plt.rcParams['font.sans-serif'] = ['SimHei']",
    "a style sheet": "plt.style.use('ggplot')",
}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_chinese_labels_are_drawn_without_a_warning(setting: str, image: Image, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    mount = (f"--volume={tmp_path}:/pictures",)
    image.run("python", "-W", "error", "-", text=PLOT.replace("SETTING", setting), options=mount)
    assert (tmp_path / "plot.png").stat().st_size > 10_000


def test_chinese_and_latin_glyphs_come_from_the_fonts_that_have_them(image: Image) -> None:
    code = """
import json
from matplotlib.font_manager import FontProperties, fontManager, get_font
fonts = fontManager._find_fonts_by_props(FontProperties())
print(json.dumps({"fonts": [get_font(font).family_name for font in fonts]}))
"""
    assert image.python(code)["fonts"] == ["DejaVu Sans", "Noto Sans CJK SC"]
