"""Takes the picture of the page that README.md shows: a real film, read by the model that is shipped.

Run it again whenever the page or the model changes::

    python docs/images/make_screenshot.py [--url http://127.0.0.1:8000] [--sample displaced-elbow] [--out page.png]

Without ``--url`` it starts a server of its own. It needs Playwright (extra ``test``) and Chromium.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCREEN: ViewportSize = {"width": 1440, "height": 900}
LARGEST = 300_000
"""Bytes; a README that loads slowly is not read."""


def take(url: str, sample: str) -> bytes:
    """Open the page, read a sample film and return the screen as PNG."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.exit("Chromium is not installed (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=SCREEN, color_scheme="dark", reduced_motion="reduce")
        page.goto(url)
        for reading in ("cold", "warm"):  # the time on the picture is that of a server that has read before
            if reading == "warm":
                page.click("#another")
            page.click(f"button[data-film*='{sample}']")
            page.wait_for_selector("#report:not([hidden])")
            page.wait_for_selector("#viewer[aria-busy=false]")
        page.mouse.move(0, 0)
        page.wait_for_load_state("networkidle")
        picture = page.screenshot()
        browser.close()
    return picture


def small(png: bytes, largest: int = LARGEST) -> bytes:
    """Fit a screenshot into ``largest`` bytes: as it is, else in fewer colours, dithered so that heat stays smooth."""
    with Image.open(io.BytesIO(png)) as image:
        screen = image.convert("RGB")
    for colours in (None, 256, 128, 64):
        out = io.BytesIO()
        (screen if colours is None else _in_colours(screen, colours)).save(out, format="PNG", optimize=True)
        if out.tell() <= largest:
            return out.getvalue()
    sys.exit(f"The screenshot stays above {largest:,} bytes even with 64 colours.")


def _in_colours(screen: Image.Image, colours: int) -> Image.Image:
    palette = screen.quantize(colours, method=Image.Quantize.MAXCOVERAGE, kmeans=3)
    return screen.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


@contextmanager
def server() -> Iterator[str]:
    """Serve the page on a free port and give its address."""
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "fracturelens", "serve", "--port", "0", "--data", data]
        with subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            try:
                lines = process.stdout or iter(())
                address = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", line) for line in lines)), None)
                if address is None:
                    sys.exit("The server did not start; try: python -m fracturelens doctor")
                yield address[0]
            finally:
                process.terminate()
                process.wait()


def main() -> None:
    """Take the picture and say how large it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", help="a running server; without it, one is started for the picture")
    parser.add_argument("--sample", default="displaced-elbow", help="sample film to read (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=HERE / "page.png", help="default: %(default)s")
    options = parser.parse_args()
    if options.url:
        picture = take(options.url, options.sample)
    else:
        with server() as url:
            picture = take(url, options.sample)
    options.out.write_bytes(small(picture))
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
