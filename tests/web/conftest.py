"""A real server on a free port, a real Chromium, and a page that remembers what it asked for and complained of."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 60_000
KEPT = """async () => ({
  local: localStorage.length, session: sessionStorage.length, cookies: document.cookie,
  databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
  workers: (await navigator.serviceWorker.getRegistrations()).length,
})"""
NOTHING = {"local": 0, "session": 0, "cookies": "", "databases": 0, "caches": 0, "workers": 0}
DESK = {"width": 1280, "height": 800}

Serve = Callable[..., Any]


@dataclass
class Server:
    """``fracturelens serve`` as a process of its own."""

    process: subprocess.Popen[str]
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])

    def stop(self) -> None:
        """End the process as a user would, and wait for it."""
        self.process.terminate()
        self.process.wait(timeout=40)


@contextmanager
def serving(root: Path, data: Path, *, port: int = 0, **settings: str) -> Iterator[Server]:
    """Run a server with its own data folder; ``settings`` become ``FRACTURELENS_…`` variables."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("FRACTURELENS_")}
    own |= {f"FRACTURELENS_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "fracturelens", "serve", "--port", str(port), "--data", str(data)]
    with (
        data.with_suffix(".log").open("w") as log,
        subprocess.Popen(command, cwd=root, env=own, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            yield Server(process, _announced_url(process))
        finally:
            process.terminate()
            process.wait(timeout=40)


def _announced_url(process: subprocess.Popen[str]) -> str:
    """Read the banner up to the address of the page."""
    assert process.stdout
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0] + "/"
    raise AssertionError(f"the server ended with status {process.wait()} before it served the page")


@pytest.fixture(scope="session")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run one server for all tests that do not change it."""
    with serving(root, tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="session")
def browser(need_program: Callable[..., Path]) -> Iterator[Browser]:
    """Start one Chromium for all tests; each test gets a context of its own."""
    program = need_program("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def need_node_module(root: Path) -> Callable[[str], Path]:
    """Return a function that finds a file in ``node_modules``, where ``npm ci`` puts what the page's tests need."""

    def find(place: str) -> Path:
        found = root / "node_modules" / place
        if not found.is_file():
            missing = f"node_modules/{place} is not there: npm ci"
            pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
        return found

    return find


@dataclass
class Visit:
    """A page, and what happened on it."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def until_ready(self) -> None:
        """Wait until the page has heard from the server what it takes."""
        expect(self.page.locator("#file-limit")).not_to_be_empty(timeout=PATIENCE_MS)

    @property
    def sent_films(self) -> list[str]:
        """Where films were sent to."""
        return [url for url in self.requests if "/v1/" in url]

    def sample(self, name: str) -> Any:
        """Click a sample film and return the assessment that the server answered with, once it is shown."""
        with self.page.expect_response(is_reading) as answer:
            self.page.click(f"button[data-film*='{name}']")
        return self.shown(answer.value)

    def choose(self, data: bytes, name: str = "film.png") -> Any:
        """Choose a file and return the assessment that the server answered with, once it is shown."""
        with self.page.expect_response(is_reading) as answer:
            self.put(data, name)
        return self.shown(answer.value)

    def put(self, data: bytes, name: str = "film.png") -> None:
        """Choose a file."""
        self.page.set_input_files("#file", {"name": name, "mimeType": "application/octet-stream", "buffer": data})

    def shown(self, answer: Response) -> Any:
        """Wait until the viewer is settled and return the answer's JSON."""
        self.page.wait_for_selector("#viewer[aria-busy=false]")
        return answer.json()

    def failure(self) -> str:
        """Wait until a failure is told, and return its code."""
        self.page.wait_for_selector("#failure:not([hidden])")
        assert self.text("#failure-title")
        assert self.text("#failure-next")
        return self.text("#failure-code").removeprefix("Code for support: ")

    def kept(self) -> Any:
        """Return how much the browser keeps for the page; ``NOTHING`` is what it should."""
        return self.page.evaluate(KEPT)

    def text(self, selector: str) -> str:
        """Return the text that is seen in a part of the page."""
        return self.page.inner_text(selector)


def is_reading(response: Response) -> bool:
    """Tell whether a response answers a film that was sent."""
    return "/v1/assessments?" in response.url and response.request.method == "POST"


Visitor = Callable[..., Visit]


@pytest.fixture(scope="session")
def axe(need_node_module: Callable[[str], Path]) -> str:
    """Return the source of axe-core, the accessibility checker."""
    return need_node_module("axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def visitor(browser: Browser, server: Server) -> Iterator[Visitor]:
    """Return a function that opens the page in a fresh context: ``visitor(url, **context_options)``."""
    contexts = []

    def open_page(url: str = server.url, **options: Any) -> Visit:
        context = browser.new_context(**{"viewport": DESK, "color_scheme": "dark"} | options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        visit = Visit(page, url)
        page.on("console", lambda message: visit.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: visit.complaints.append(f"error: {error}"))
        page.on("request", lambda request: visit.requests.append(request.url))
        page.goto(url)
        visit.until_ready()
        return visit

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def visit(visitor: Visitor) -> Visit:
    """Open the page on a desk's screen, dark."""
    return visitor()
