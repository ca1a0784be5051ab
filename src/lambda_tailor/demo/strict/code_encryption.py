"""The customer's key of a deployment package, which AWS forgets where an update of the code does not name it.

https://docs.aws.amazon.com/lambda/latest/dg/encrypt-zip-package.html
"""

from __future__ import annotations

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange


class CodeEncryption(Passing):
    """Takes the key away that the emulator would keep."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def before(self, exchange: Exchange) -> Answer | None:
        """Send an update without a key on with none."""
        if exchange.name != "lambda:UpdateFunctionCode":
            return None
        asked = exchange.parameters()
        if asked.get("SourceKMSKeyArn"):
            return None
        return await self._backend.again(exchange, {**asked, "SourceKMSKeyArn": None})


# After all that may refuse: it sends the request on itself.
BEHAVIOUR = Registered(lambda layer: CodeEncryption(layer.backend), order=91)
