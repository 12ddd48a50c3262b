"""The part of docs/benchmarks.md on cold starts of the Lambda."""

from __future__ import annotations

from benchmarks import words
from benchmarks.cold_result import CACHES, INIT_AIM_MS, RATIO_AIM, Cache, ColdStart, LambdaWay
from benchmarks.result import OURS

CACHE_TITLES: dict[Cache, str] = {"warm": "files in memory", "cold": "files on the disk"}


def section(cold: ColdStart) -> str:
    """Return the section."""
    return "\n".join([_introduction(cold), _starts(cold), _aims(cold), _shares(cold), _method(cold)])


def _introduction(cold: ColdStart) -> str:
    return f"""\
# A cold start of the Lambda

From an event that no process is running for to its answer: the function is started, initialises (imports, settings,
store, model), reads the film and keeps the reading in S3. Both functions are the one in `lambda_fn/`, in AWS's Runtime
Interface Emulator with one processor; in the second, the network is Keras and its explanation a `tf.GradientTape`.

{words.where(cold)}"""


def _starts(cold: ColdStart) -> str:
    rows = [
        "| | init | init and first reading | processor time of it | read from the disk | warm event | peak memory |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for cache in CACHES:
        for way in cold.ways:
            if start := way.starts.get(cache):
                cells = (
                    words.duration(start.init_ms),
                    words.duration(start.first_ms),
                    words.duration(start.cpu_ms) if start.cpu_ms else "–",
                    f"{start.read_mb.median:.0f} MB" if start.read_mb else "–",
                    words.duration(way.warm_ms) if cache == "warm" else "",
                    f"{way.peak_mb.median:.0f} MB" if way.peak_mb and cache == "warm" else "",
                )
                rows.append(f"| {way.title}, {CACHE_TITLES[cache]} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _aims(cold: ColdStart) -> str:
    rows = ["| | aim | found | |", "|---|---:|---:|---|"]
    for cache in CACHES:
        ratio = cold.ratio(cache)
        found = f"{ratio:.1f} × less" if ratio else "–"
        rows.append(
            f"| init and first reading against the usual way, {CACHE_TITLES[cache]} | {RATIO_AIM:g} × less | {found} | "
            f"{words.met(ratio, RATIO_AIM)} |"
        )
    if cpu := cold.cpu_ratio("warm"):
        rows.append(f"| *the same in processor time, {CACHE_TITLES['warm']}* | | {cpu:.1f} × less | |")
    init = cold.way(OURS).starts["warm"].init_ms
    rows.append(
        f"| init, {CACHE_TITLES['warm']} | under {INIT_AIM_MS / 1000:g} s | {words.duration(init)} | "
        f"{words.met(INIT_AIM_MS, init.median)} |"
    )
    return "\n".join(rows) + "\n"


def _shares(cold: ColdStart) -> str:
    parts = ["## What init goes to\n"]
    for way in cold.ways:
        shares = ", ".join(f"{share.name} {share.ms:.0f} ms" for share in way.shares)
        parts.append(
            f"- **{way.title}**: {way.inventory.modules:,} modules; their files and libraries have "
            f"{way.inventory.file_mb:,.0f} MB. {_dominant(way)} dominates: {shares}."
        )
    return "\n".join(parts) + "\n"


def _dominant(way: LambdaWay) -> str:
    return f"`{way.dominates}`" if way.dominates != "the app" else "The app"


def _method(cold: ColdStart) -> str:
    emptied = (
        f"*Files on the disk*: the page cache is emptied ({cold.emptied}) before each start. What other programs have\n"
        "  mapped, Python itself above all, stays in memory."
        if cold.emptied
        else "The page cache could not be emptied here, so all starts have their files in memory."
    )
    return f"""\
## How cold starts are measured

- {cold.rounds} rounds; in each, both functions are started afresh, with their files in memory (right after a start that
  is not measured) and on the disk, taking turns. Times are medians, with quartiles in brackets. *Init* is the
  emulator's own figure; *read from the disk* is the system's (`read_bytes` of proc(5)).
- {emptied}
- S3 is a stand-in on the same machine (moto). The film is the one above; probabilities of the two ways differ by
  {cold.differs:.0e}.
- *What init goes to* is Python's own account (`-X importtime`, which costs time itself), by package, each without what
  it imports from others; *the app* is what remains with the handler: settings, store, model, routes.
- Ours runs from a folder made as its image is: locked packages, trimmed, byte code that is never compared with its
  source. The usual way runs from packages as they are installed, without those that Keras merely uses if they are
  there (Matplotlib, SciPy, pandas, scikit-learn). What our handler does for its start, it does there too, but not for
  TensorFlow and Keras.
- AWS adds what no emulator shows: fetching the image, and starting a micro virtual machine.

`.venv/bin/python benchmarks/lambda_cold_start.py` repeats it; the usual way takes most of the time.
"""
