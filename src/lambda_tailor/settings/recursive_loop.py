"""Whether Lambda ends a function's endless loops: Terminate, which is the default, or Allow.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

from lambda_tailor.iam.permission import FUNCTION, Action
from lambda_tailor.settings.setting import Answer, Call, Place, Setting, State

KIND = "recursive-loop"


def read(place: Place) -> Call:
    """GetFunctionRecursionConfig."""
    return Call("lambda", "GetFunctionRecursionConfig", {"FunctionName": place.resource})


def observe(_place: Place, answer: Answer | None) -> State:
    """``recursive_loop`` as Lambda spells it."""
    return {"recursive_loop": (answer or {}).get("RecursiveLoop", "Terminate")}


def write(place: Place, _observed: State, wanted: State) -> Call:
    """Put the choice."""
    asked = {"FunctionName": place.resource, "RecursiveLoop": wanted["recursive_loop"]}
    return Call("lambda", "PutFunctionRecursionConfig", asked)


SETTING = Setting(
    kind=KIND,
    title="recursive loop detection",
    source="https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionRecursionConfig.html",
    read=read,
    observe=observe,
    write=write,
    absent_codes=frozenset({"ResourceNotFoundException"}),
    read_actions=(Action("lambda:GetFunctionRecursionConfig", FUNCTION),),
    write_actions=(Action("lambda:PutFunctionRecursionConfig", FUNCTION),),
)
