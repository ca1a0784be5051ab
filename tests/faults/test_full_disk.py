"""The journal's file system fills up, for real, at any point of a run: it stops, and what was begun can be undone.

A small file system in memory is mounted for it; where that is not allowed, the test in
``tests/integration/test_journal_databases.py``, which lets the database grow by so many pages, is all there is.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lambda_tailor.journal.journal import Journal
from tests.faults.forked import fork
from tests.faults.place import Place, applying, rolling_back

SIZE, STEP = 1 << 20, (12 << 10) if os.environ.get("LAMBDA_TAILOR_FAULTS") == "all" else 40 << 10
RULES = ("memory", "timeout", "log-retention", "reserved-concurrency", "alarms")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of a megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.timeout(300)
def test_a_file_system_that_is_full_at_any_point_stops_the_run_and_leaves_it_undoable(
    place: Place, small: Path, record_property: Callable[[str, object], None]
) -> None:
    world, _ = place.entered()
    before = world.state()
    ends: Counter[str] = Counter()
    filler = small / "filler"
    for left in range(0, SIZE, STEP):
        for file in small.glob("journal.db*"):
            file.unlink()
        journal = os.environ["LAMBDA_TAILOR_JOURNAL"] = f"sqlite:///{small / 'journal.db'}"
        free = os.statvfs(small)
        with filler.open("wb") as out:
            out.truncate(0)
            os.posix_fallocate(out.fileno(), 0, max(1, free.f_bavail * free.f_bsize - left))
        child = fork(applying(RULES, 0, saved=False, waits=False), place.access)
        assert child.wait() == "over"
        assert child.told is not None, f"it died with {left} bytes left"
        assert not child.told.traceback, child.told.traceback
        wrote = world.state() != before
        filler.unlink()
        if child.told.refused:
            assert "nothing more is written to AWS" in child.told.refused or "cannot be opened" in child.told.refused
            ends["told, and wrote"] += wrote
            ends["told, and wrote nothing"] += not wrote
        opened = Journal(journal)
        runs = [run.run_id for run in opened.runs()]
        opened.close()
        for run in runs:
            back = fork(rolling_back(run), place.access)
            assert back.wait() == "over"
            assert back.told is not None and not back.told.traceback, back.told
        assert world.state() == before, left
        if not child.told.refused:
            break
    assert ends["told, and wrote nothing"], ends
    record_property("figure", f"full file system: {sum(ends.values())} points tried and survived, {dict(ends)}")
