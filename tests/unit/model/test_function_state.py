from __future__ import annotations

from typing import Any

import pytest

from tests.builders import a_function


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"state": "Pending"}, True),
        ({"last_update_status": "InProgress"}, True),
        # What a listing tells: nothing.
        ({"state": None, "last_update_status": None}, False),
        # AWS takes a change of each of these.
        ({"state": "Inactive"}, False),
        ({"state": "Failed"}, False),
        ({"state": "Active", "last_update_status": "Failed"}, False),
        ({"state": "Active", "last_update_status": "Successful"}, False),
    ],
)
def test_only_what_is_being_made_or_updated_cannot_be_changed(given: dict[str, Any], refused: bool) -> None:
    assert (a_function(**given).untouchable is not None) is refused
