"""Publishing a version: the emulator does it while an update is in progress, and whatever revision or code is named.

https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
"""

from __future__ import annotations

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal


class PublishedVersions(Passing):
    """Refuses what AWS would not publish."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def before(self, exchange: Exchange) -> Answer | None:
        """Check the function's state, and the revision and the code that the caller believes it has."""
        if exchange.name != "lambda:PublishVersion":
            return None
        asked = exchange.parameters()
        function = await self._backend.function(exchange, exchange.path_parameters["FunctionName"])
        if function is None:
            return None
        has = function["Configuration"]
        if has.get("LastUpdateStatus") == "InProgress" or has.get("State") == "Pending":
            message = (
                "The operation cannot be performed at this time. An update is in progress for resource: "
                f"{has.get('FunctionArn')}"
            )
            return refusal(exchange, "ResourceConflictException", message, 409)
        if asked.get("RevisionId") not in (None, has.get("RevisionId")):
            message = (
                "The RevisionId provided does not match the latest RevisionId for the Lambda function or alias. Call "
                "the GetFunction or the GetAlias API to retrieve the latest RevisionId for your resource."
            )
            return refusal(exchange, "PreconditionFailedException", message, 412)
        if asked.get("CodeSha256") not in (None, "", has.get("CodeSha256")):
            message = (
                f"CodeSHA256 ({asked['CodeSha256']}) is different from current CodeSHA256 in $LATEST "
                f"({has.get('CodeSha256')}). Please try again with the CodeSHA256 in $LATEST."
            )
            return refusal(exchange, "InvalidParameterValueException", message)
        return None


BEHAVIOUR = Registered(lambda layer: PublishedVersions(layer.backend), order=15)
