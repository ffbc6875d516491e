"""What doctor says of certificates: the files of a site's links, before they expire."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from support.certificates import Authority
from support.site_mistakes import BROKER, FILES, TCP, write_site

from facilityd.cli.main import facilityd
from facilityd.doctor.examine import examine
from facilityd.doctor.verdict import Verdict


@pytest.mark.parametrize(("days", "verdict"), [(31, Verdict.OK), (20.5, Verdict.WARN), (-2, Verdict.FAIL)])
@pytest.mark.parametrize("kind", ["modbus-tcp", "mqtt"])
def test_a_link_s_own_certificate_is_spoken_of_before_it_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, days: float, verdict: Verdict
) -> None:
    monkeypatch.setenv("YARD_TOKEN", "t0ken")
    authority = Authority(tmp_path, "plant")
    client = authority.issue("daemon", days=days)
    tls = f"tls: {{ca: plant.pem, certificate: {client.certificate}, key: {client.key}}}"
    old, port = (TCP, 802) if kind == "modbus-tcp" else (BROKER, 8883)
    text = FILES["site.yaml"].replace(old, f"{{protocol: {kind}, host: 127.0.0.1, port: {port}, {tls}}}", 1)
    write_site(tmp_path, {"site.yaml": text})
    own, of_authority = (one for one in examine([tmp_path]).results if one.check == "certificate")
    assert own.verdict is verdict
    assert (client.certificate in own.text("en"), of_authority.verdict) == (True, Verdict.OK)
    if verdict is Verdict.WARN:
        assert "in 20 days" in own.text("en")
        assert "还有 20 天" in own.text("zh")
        assert "renewed in time" in own.remedy("en")
        done = CliRunner().invoke(facilityd, ["doctor", str(tmp_path), "--lang", "en"])
        assert "warn Certificate" in done.output
