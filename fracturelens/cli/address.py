"""Where the server listens: an address taken before anything is loaded, and told in plain words when it cannot be."""

from __future__ import annotations

import errno
import ipaddress
import socket

from fracturelens import errors

BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the first address of a host; port 0 takes a free one.

    Connections made from now on wait until the server answers them.

    Raises
    ------
    AddressUnavailable
        The port is taken or reserved, or the host is not this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:  # a name that cannot even be asked for ("a..b") is a UnicodeError
        raise errors.AddressUnavailable(f"There is no address {host} to listen on; try --host 127.0.0.1.") from error
    try:
        # A port whose last connections are still winding down is free for a new server.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise errors.AddressUnavailable(_why(error, host, port)) from error
    return listener


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url(host: str, port: int) -> str:
    """Return the address to open in a browser on this machine."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not listened on
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _why(error: OSError, host: str, port: int) -> str:
    other = f"Choose another one: PORT={8001 if port != 8001 else 8002} make run, or --port."
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} on {host} is taken by another program. {other}"
        case errno.EACCES:
            return f"Port {port} is reserved for the system. {other}"
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine; try --host 127.0.0.1."
        case _:
            return f"Port {port} on {host} cannot be listened on: {error.strerror}. {other}"
