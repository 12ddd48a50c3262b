"""Files that arrive by hand: dropped on the page, or pasted into it."""

from __future__ import annotations

from playwright.sync_api import JSHandle

from tests.web.conftest import Visit

Files = dict[str, bytes]


def drop(visit: Visit, files: Files) -> None:
    """Drop files, by name, somewhere on the page."""
    visit.page.dispatch_event("body", "drop", {"dataTransfer": _transfer(visit, files)})


def paste(visit: Visit, files: Files) -> None:
    """Paste files, by name."""
    visit.page.evaluate(
        "data => document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true}))",
        _transfer(visit, files),
    )


def _transfer(visit: Visit, files: Files) -> JSHandle:
    return visit.page.evaluate_handle(
        """files => {
            const data = new DataTransfer();
            for (const [name, bytes] of Object.entries(files)) {
                data.items.add(new File([new Uint8Array(bytes)], name));
            }
            return data;
        }""",
        {name: list(data) for name, data in files.items()},
    )
