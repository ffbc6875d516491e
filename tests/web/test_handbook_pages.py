"""*Handbook* over HTTP: every page and every link in it, the search, and nothing in it runs."""

from __future__ import annotations

import re

import pytest
from support.web import WebPeer

from facilityd.query.handbook import handbook
from facilityd.web.page.markdown import HandbookMarkdown


def text_of(peer: WebPeer, path: str, language: str = "en") -> str:
    answer = peer.get(path, Cookie=f"facilityd-view={language}.light", Accept="text/html")
    assert answer.status == 200, (path, answer.status, answer.body[:300])
    return answer.body.decode()


@pytest.mark.parametrize("name", handbook().pages)
def test_every_page_is_shown_and_every_link_in_it_leads_somewhere(open_web: WebPeer, name: str) -> None:
    for language in ("en", "zh"):
        text = text_of(open_web, f"/handbook/{name}", language)
        assert "<article" in text
        inner = set(re.findall(r'href="(/handbook[^"#]*)', text))
        assert {path: open_web.get(path).status for path in inner} == dict.fromkeys(inner, 200)
        pictures = re.findall(r'src="(/handbook/picture/[^"]+)"', text)
        assert [open_web.get(path).status for path in pictures] == [200] * len(pictures)


def test_it_is_searched_without_a_script_in_the_readers_language(open_web: WebPeer) -> None:
    found = text_of(open_web, "/handbook?q=%E8%B6%85%E6%97%B6", "zh")
    assert 'href="/handbook/troubleshooting#' in found
    assert "只在夜里超时" in found
    assert 'href="/handbook/findings?part=' in found, "a hit in a long page leads to its chapter"
    assert "Nothing was found" in text_of(open_web, "/handbook?q=no-such-word")
    assert "&lt;script&gt;" in text_of(open_web, "/handbook?q=%3Cscript%3E")


def test_what_is_no_page_is_said(open_web: WebPeer) -> None:
    for path in ("/handbook/nothing", "/handbook/findings?part=99", "/handbook/picture/nothing.png",
                 "/handbook/picture/..%2Fhandbook.yaml", "/handbook/picture/handbook.yaml"):  # fmt: skip
        assert open_web.get(path).status == 404, path


def test_html_in_a_page_is_text_and_a_link_out_of_it_leads_nowhere() -> None:
    made = HandbookMarkdown(handbook(), "wide").html(
        "# A <b>\n<script>alert(1)</script>\n\n[code](../facilityd/cli/docs.py) [run](javascript:alert(1)) [p](people.md#seasons)\n"
        "```html\n<i>x</i>\n```\n"
    )
    assert "<script" not in made
    assert "javascript:" not in made.replace("[run](javascript:alert(1))", "")
    assert "<i>" not in made
    assert "docs.py" not in made
    assert 'href="/handbook/people#seasons"' in made
