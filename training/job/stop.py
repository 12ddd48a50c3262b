"""Being stopped: a signal, or two minutes' warning that AWS wants its spot instance back, is looked at between batches.

A signal handler that raised at once might leave a file half written; this one leaves a note.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Final

from training.job.log import say

STATUS: Final = 75
"""Exit status of a job that was stopped and wants to be started again: EX_TEMPFAIL of sysexits.h."""
ENDPOINT: Final = "http://169.254.169.254"
"""Where an EC2 instance asks about itself; AWS_EC2_METADATA_SERVICE_ENDPOINT names another."""
NOTICE: Final = "/latest/meta-data/spot/instance-action"
POLL_SECONDS: Final = 5.0
"""AWS recommends to look every five seconds."""
ANSWER_SECONDS: Final = 2.0
TOKEN_SECONDS: Final = 21600


class Stopped(Exception):
    """The job was asked to stop; the message says by whom."""


class Stop:
    """Whether the job has been asked to stop."""

    def __init__(self) -> None:
        self._reason: str | None = None

    def ask(self, reason: str) -> None:
        """Ask the job to stop; the first reason counts."""
        self._reason = self._reason or reason

    def check(self) -> None:
        """Stop, if that was asked.

        Raises
        ------
        Stopped
        """
        if self._reason:
            raise Stopped(self._reason)

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT as a wish to stop. Main thread only."""
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        for number in before:
            signal.signal(number, lambda received, _: self.ask(signal.Signals(received).name))
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def on_spot_notice(self, *, every: float = POLL_SECONDS) -> Iterator[None]:
        """Take an EC2 spot interruption notice as a wish to stop; a thread looks, so nothing waits for it."""
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over, every), name="spot-notice", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(ANSWER_SECONDS)

    def _watch(self, over: threading.Event, every: float) -> None:
        metadata = Metadata()
        silent = False
        while not over.is_set():
            try:
                if action := metadata.notice():
                    self.ask(f"spot interruption notice: {action}")
                    return
                silent = False
            except (OSError, ValueError) as error:
                if not silent:
                    say(f"the instance's metadata do not answer ({type(error).__name__})", level="warning")
                silent = True
            over.wait(every)


class Metadata:
    """The instance metadata service, version 2: each question carries a token."""

    def __init__(self) -> None:
        self._endpoint = (os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or ENDPOINT).rstrip("/")
        # Never through a proxy: the address means this machine.
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
        self._token: str | None = None

    def notice(self) -> str | None:
        """Return what is about to be done to this instance, as ``terminate``, or ``None``.

        Raises
        ------
        OSError, ValueError
            If there is no such service, or it answers something else.
        """
        try:
            found = json.loads(self._ask("GET", NOTICE, {"X-aws-ec2-metadata-token": self._known_token()}))
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            self._token = None  # expired, perhaps
            raise
        if not isinstance(found, dict) or found.get("action") not in ("terminate", "stop", "hibernate"):
            raise ValueError("no spot notice")
        return str(found["action"])

    def _known_token(self) -> str:
        if self._token is None:
            lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_SECONDS)}
            self._token = self._ask("PUT", "/latest/api/token", lifetime)
        return self._token

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> str:
        request = urllib.request.Request(self._endpoint + path, method=method, headers=headers)  # noqa: S310 - see above
        with self._open(request, timeout=ANSWER_SECONDS) as answer:
            content: bytes = answer.read(4096)
        return content.decode()
