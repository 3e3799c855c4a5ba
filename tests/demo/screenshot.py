"""Take the README's picture of the demo: `python -m tests.demo.screenshot`, from the checkout.

Paths of the machine that takes it are shown as `/srv/shop`.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

from tests.demo.conftest import chromium

import tightlip
from tightlip.demo.servers import run

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs/demo.png"
FAILURE = "duplicate-email"
WIDTH, HEIGHT = 1280, 1150

RENAME = """
for (const [path, shown] of arguments[0]) {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    texts.currentNode.data = texts.currentNode.data.replaceAll(path, shown);
  }
}
"""


def main() -> None:
    """Run the demo, press a failure, and keep what is seen."""
    package = str(Path(tightlip.__file__).parent)
    renamed = [[package, "/srv/shop/tightlip"], [sys.prefix, "/srv/shop"], [str(ROOT), "/srv/shop"]]
    with (
        tempfile.TemporaryDirectory() as profile,
        run("127.0.0.1", 8000, None) as demo,
        chromium(Path(profile), width=WIDTH) as browser,
    ):
        browser.get(f"{demo.page}/?failure={FAILURE}")
        browser.execute_script(RENAME, renamed)
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": 1}
        taken = browser.execute_cdp_cmd(
            "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
        )
    PICTURE.write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    main()
