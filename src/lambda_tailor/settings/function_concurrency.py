"""A function's reserved concurrency, in executions.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

from __future__ import annotations

from lambda_tailor.iam.permission import FUNCTION, Action
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, maybe, whole

KIND = "function-concurrency"


def read(address: ResourceAddress) -> Call:
    """GetFunction carries the reservation too, at 100 requests a second."""
    return Call("lambda", "GetFunction", {"FunctionName": address.resource})


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """``reserved_concurrency`` is None where nothing is reserved; 0 switches the function off."""
    reserved = ((answer or {}).get("Concurrency") or {}).get("ReservedConcurrentExecutions")
    return {"reserved_concurrency": reserved}


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Put the reservation, or delete it where none is wanted."""
    function = {"FunctionName": address.resource}
    reserved = wanted["reserved_concurrency"]
    if reserved is None:
        return Call("lambda", "DeleteFunctionConcurrency", function)
    return Call("lambda", "PutFunctionConcurrency", {**function, "ReservedConcurrentExecutions": reserved})


def told(answer: Answer) -> State | None:
    """What is reserved now, as PutFunctionConcurrency answers; a deletion is answered with nothing."""
    reserved = answer.get("ReservedConcurrentExecutions")
    return None if reserved is None else {"reserved_concurrency": reserved}


def follows(shown: Shown) -> bool:
    """The function's own reservation."""
    return shown.of_the_function and shown.field == "reserved_concurrency" and shown.valued(maybe(whole))


SETTING = Setting(
    kind=KIND,
    title="reserved concurrency",
    source="https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html",
    read=read,
    observe=observe,
    write=write,
    told=told,
    follows=follows,
    absent_codes=frozenset({"ResourceNotFoundException"}),
    read_actions=(Action("lambda:GetFunction", FUNCTION),),
    write_actions=(
        Action("lambda:PutFunctionConcurrency", FUNCTION),
        Action("lambda:DeleteFunctionConcurrency", FUNCTION),
    ),
)
