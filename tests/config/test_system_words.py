"""What the operating system says of a file is said in Chinese to who reads Chinese."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from facilityd.model.message import Wording, system_words
from facilityd.model.regular import read_regular


@pytest.mark.parametrize("name", [name for name in system_words() if name.startswith("E")])
def test_each_is_what_the_system_says(name: str) -> None:
    text = system_words()[name]
    assert os.strerror(getattr(errno, name)) == text["en"]
    said = Wording("yaml.cannot-read", strerror=text["en"])
    assert said == f"cannot be read: {text['en']}"
    assert said.in_("zh") == f"无法读取：{text['zh']}"


def test_what_it_says_beyond_that_stays() -> None:
    assert Wording("yaml.cannot-read", strerror="Bad mood").in_("zh") == "无法读取：Bad mood"


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not a regular file") as refused:
        read_regular(tmp_path, 10)
    assert Wording("yaml.cannot-read", strerror=refused.value.strerror).in_("zh") == "无法读取：不是普通文件"
