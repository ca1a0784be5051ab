"""Whether Lambda ends a function's endless loops: Terminate, which is the default, or Allow.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

from lambda_tailor.iam.permission import FUNCTION, Action
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, text

KIND = "recursive-loop"


def read(address: ResourceAddress) -> Call:
    """GetFunctionRecursionConfig."""
    return Call("lambda", "GetFunctionRecursionConfig", {"FunctionName": address.resource})


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """``recursive_loop`` as Lambda spells it."""
    return {"recursive_loop": (answer or {}).get("RecursiveLoop", "Terminate")}


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Put the choice."""
    asked = {"FunctionName": address.resource, "RecursiveLoop": wanted["recursive_loop"]}
    return Call("lambda", "PutFunctionRecursionConfig", asked)


def follows(shown: Shown) -> bool:
    """The function's own choice."""
    return shown.of_the_function and shown.field == "recursive_loop" and shown.valued(text)


SETTING = Setting(
    kind=KIND,
    title="recursive loop detection",
    source="https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionRecursionConfig.html",
    read=read,
    observe=observe,
    write=write,
    follows=follows,
    absent_codes=frozenset({"ResourceNotFoundException"}),
    read_actions=(Action("lambda:GetFunctionRecursionConfig", FUNCTION),),
    write_actions=(Action("lambda:PutFunctionRecursionConfig", FUNCTION),),
)
