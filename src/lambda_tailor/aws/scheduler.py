"""Who does the work of many accounts and regions: threads here, or the workers of a Dask cluster.

Both are ``concurrent.futures.Executor``. https://distributed.dask.org/en/stable/api.html
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from lambda_tailor.errors import BadInput, EndpointUnreachable
from lambda_tailor.model.lanes import SCOPES_AT_ONCE

# Seconds to wait for the scheduler's answer.
_ANSWER_WITHIN_S = 10
# How often a task whose worker died is given to another one.
_AGAIN = 5


@contextmanager
def side_by_side(scheduler: str | None) -> Iterator[Executor]:
    """An executor: of threads, or of the Dask cluster whose scheduler is named (``tcp://host:8786``).

    What is given to a cluster, and what comes back from it, has to be picklable.
    Raises BadInput where the extra ``fleet`` is not installed, and EndpointUnreachable where the
    scheduler does not answer.
    """
    if scheduler is None:
        with ThreadPoolExecutor(max_workers=SCOPES_AT_ONCE, thread_name_prefix="site") as threads:
            yield threads
        return
    try:
        client_of: Any = importlib.import_module("distributed").Client
    except ImportError as error:
        raise BadInput(
            f"--scheduler needs more packages ({error.name}): pip install 'lambda-tailor[fleet]'."
        ) from error
    try:
        client = client_of(scheduler, timeout=_ANSWER_WITHIN_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise EndpointUnreachable(f"The scheduler {scheduler} does not answer: is 'dask scheduler' running?") from error
    with client:
        # Not pure: the same arguments do not mean the same answer.
        yield client.get_executor(pure=False, retries=_AGAIN)
