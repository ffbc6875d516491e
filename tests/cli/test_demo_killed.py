"""A demo that is killed can end none of its processes: they end with it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

CONFIG = Path(__file__).parents[2] / "config" / "square"
DEMO = f"""
import asyncio, sys
from pathlib import Path
from facilityd.cli.demo_child import DemoChild

async def demo():
    async with DemoChild.running(Path(sys.argv[1]), "simulator", "simulate", "serve", {str(CONFIG)!r}) as child:
        while not child.log.stat().st_size:
            await asyncio.sleep(0.1)
        print(child.process.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(demo())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the one that began it")
async def test_what_a_killed_demo_began_ends(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DEMO, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    async with asyncio.timeout(60):
        number = int(await process.stdout.readline())
        assert Path(f"/proc/{number}").exists()
        process.kill()
        await process.wait()
        while _runs(number):
            await asyncio.sleep(0.1)


def _runs(number: int) -> bool:
    """Return whether a process runs; one that nobody has waited for does not."""
    try:
        status = Path(f"/proc/{number}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
