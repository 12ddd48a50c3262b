"""The way to S3: a client that gives up soon, and errors that tell nothing of what was asked; all of AWS is here.

botocore alone is imported, in the background: boto3 would add a third to its time and nothing that is used here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, Final

from fracturelens import errors

CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 5
ATTEMPTS: Final = 2
"""Together with the timeouts: an S3 that does not answer is an error after about twelve seconds, not after Lambda's."""

_AWS_CODE: Final = re.compile(r"[A-Za-z0-9.]{1,64}")

log = logging.getLogger("fracturelens.aws")


class Client:
    """botocore's client of S3: made once, starting now and in the background, since it takes a third of a second.

    One that could not be made (no credentials yet, say) is tried again by the next who needs it. Credentials, region
    and endpoint come from where every AWS tool looks for them.

    Parameters
    ----------
    setting
        What asked for S3; named if it cannot be had.

    Raises
    ------
    InvalidSetting
        If botocore is not installed.
    """

    def __init__(self, setting: str = "FRACTURELENS_STORE") -> None:
        if find_spec("botocore") is None:
            raise errors.InvalidSetting(
                f"{setting}: what S3 needs is not installed. Install it by pip install 'fracturelens[aws]', "
                "or name a folder."
            )
        self._made: Any = None
        self._lock = threading.Lock()
        threading.Thread(target=self._prepare, name="s3-client", daemon=True).start()

    def get(self) -> Any:
        """Return the client.

        Raises
        ------
        botocore.exceptions.BotoCoreError
        """
        with self._lock:
            if self._made is None:
                self._made = _client()
            return self._made

    def _prepare(self) -> None:
        with contextlib.suppress(Exception):  # whoever needs it will see it fail
            self.get()


def _client() -> Any:
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import NoCredentialsError

    session = botocore.session.get_session()
    if session.get_credentials() is None:
        raise NoCredentialsError
    # At AWS the bucket's own host name, in its region: by any other name S3 may answer a form with a redirect, which
    # browsers do not follow across origins. What stands in for S3 elsewhere has one name.
    elsewhere = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return session.create_client(
        "s3",
        # AWS sets this one in its containers and functions, and botocore alone of its SDKs looks at another only.
        region_name=os.environ.get("AWS_REGION") or None,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            s3={"addressing_style": "path" if elsewhere else "virtual"},
            signature_version="s3v4",
        ),
    )


@contextlib.contextmanager
def failing_clearly(
    event: str,
    operation: str,
    *,
    missing: Callable[[], errors.FracturelensError],
    unusable: Callable[[], errors.FracturelensError],
) -> Iterator[None]:
    """Turn what botocore raises into an error of ours; AWS's word for it goes to the log, its message nowhere.

    Messages name keys, roles and accounts.

    Parameters
    ----------
    event
        What the log calls it.
    missing, unusable
        What is raised if S3 says that there is no such key; and whatever else it says, or if it says nothing.
    """
    # Bound late: ``Client`` imports botocore in the background.
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        reason = error_code(error)
        if reason == "NoSuchKey":
            raise missing() from None
        raise _logged(unusable(), event, operation, reason) from error
    except BotoCoreError as error:
        raise _logged(unusable(), event, operation, type(error).__name__) from error


def error_code(error: Any) -> str:
    """Return S3's word for a ``ClientError``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _logged(error: errors.FracturelensError, event: str, operation: str, reason: str) -> errors.FracturelensError:
    known = reason if _AWS_CODE.fullmatch(reason) else "unknown"
    log.warning(event, extra={"fields": {"code": error.code, "operation": operation, "reason": known}})
    return error
