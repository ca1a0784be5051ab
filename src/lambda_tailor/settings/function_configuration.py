"""A function's own configuration: all its changed fields travel in one UpdateFunctionConfiguration.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
The call replaces ``Environment`` and ``Layers`` whole, so they are merged into what was observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambda_tailor.iam.permission import FUNCTION, LAYER, Action
from lambda_tailor.model.secret import FINGERPRINT, PRESENT, REFERENCE, SEALED, token
from lambda_tailor.settings.setting import Answer, Broken, Call, Progress, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Check, Shown, maybe, text, texts, whole

KIND = "function-configuration"
ENVIRONMENT = "environment."
_BY_ROLE = frozenset({"dead_letter_arn", "tracing"})
_UNREADABLE = "environment_error"
# The level that JSON begins with.
_DEFAULT_LEVEL = "INFO"
_FIELDS: Mapping[str, Check] = {
    "memory_mb": whole, "timeout_s": whole, "ephemeral_mb": whole, "tracing": text, "log_format": text,
    "application_log_level": maybe(text), "system_log_level": maybe(text),
    "dead_letter_arn": maybe(text), "layers": texts,
}  # fmt: skip
_LOGGING = {
    "log_format": "LogFormat",
    "application_log_level": "ApplicationLogLevel",
    "system_log_level": "SystemLogLevel",
    "log_group": "LogGroup",
}


def read(address: ResourceAddress) -> Call:
    """GetFunction: 100 requests a second, where GetFunctionConfiguration shares 15 with all else."""
    return Call("lambda", "GetFunction", {"FunctionName": address.resource})


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """The fields of a GetFunction answer that this program may change."""
    configuration = (answer or {}).get("Configuration", {})
    environment = configuration.get("Environment") or {}
    logging = configuration.get("LoggingConfig") or {}
    state: dict[str, Any] = {
        "memory_mb": configuration.get("MemorySize"),
        "timeout_s": configuration.get("Timeout"),
        "tracing": (configuration.get("TracingConfig") or {}).get("Mode", "PassThrough"),
        "dead_letter_arn": (configuration.get("DeadLetterConfig") or {}).get("TargetArn") or None,
        "layers": [layer["Arn"] for layer in configuration.get("Layers") or ()],
        "ephemeral_mb": (configuration.get("EphemeralStorage") or {}).get("Size", 512),
        "log_format": logging.get("LogFormat", "Text"),
        "application_log_level": logging.get("ApplicationLogLevel"),
        "system_log_level": logging.get("SystemLogLevel"),
        "log_group": logging.get("LogGroup"),
        "revision_id": configuration.get("RevisionId"),
    }
    for name, value in (environment.get("Variables") or {}).items():
        state[ENVIRONMENT + name] = value
    if (because := variables_unread(environment)) is not None:
        state[_UNREADABLE] = because
    return state


def variables_unread(environment: Mapping[str, Any]) -> str | None:
    """Why a function's variables are not in an answer; None where they are, or where it has none.

    AWS leaves them out for who may not decrypt them with the customer's key.
    https://docs.aws.amazon.com/lambda/latest/api/API_EnvironmentError.html
    """
    error = environment.get("Error")
    if not error:
        return None
    code = str(error.get("ErrorCode") or "AWS gives no code")
    if "AccessDenied" in code:
        return "kms:Decrypt is not allowed on their key: 'lambda-tailor iam-policy' prints what is needed"
    return f"they cannot be decrypted ({code})"


def refuse(observed: State, wanted: State) -> str | None:
    """Variables that cannot be read cannot be merged, and would be lost."""
    if _UNREADABLE in observed and any(field.startswith(ENVIRONMENT) for field in wanted):
        return f"the existing environment variables cannot be read, so none may be added: {observed[_UNREADABLE]}"
    return None


def spoils(observed: State, wanted: State) -> Mapping[str, str]:
    """Text has no levels: one that somebody else chose would be lost with JSON."""
    levels = ("application_log_level", "system_log_level")
    chosen = [name for name in levels if name not in wanted and observed.get(name) not in (None, _DEFAULT_LEVEL)]
    if wanted.get("log_format") != "Text" or not chosen:
        return {}
    because = f"another hand set {' and '.join(chosen)}, which text logs have not: left as it is"
    # Without text no level can be taken away.
    return dict.fromkeys(["log_format", *(name for name in levels if name in wanted)], because)


def progress(answer: Answer) -> Progress | Broken:
    """State and LastUpdateStatus, as the waiter ``function_updated_v2`` reads them.

    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """
    configuration = answer.get("Configuration", {})
    # Of the states only Pending refuses an update: an inactive function wakes up, and a failed one may be mended.
    state = configuration.get("State", "Active")
    status = configuration.get("LastUpdateStatus", "Successful")
    if status == "Failed":
        return Broken(_failed(configuration))
    return Progress.PENDING if status == "InProgress" or state == "Pending" else Progress.SETTLED


def _failed(configuration: Mapping[str, Any]) -> str:
    """Why an update failed; of a function with variables only AWS's code, since its words may repeat one."""
    if (configuration.get("Environment") or {}).get("Variables"):
        return f"its last update failed ({configuration.get('LastUpdateStatusReasonCode') or 'AWS gives no code'})"
    return configuration.get("LastUpdateStatusReason") or "its last update failed, AWS gives no reason"


def write(address: ResourceAddress, observed: State, wanted: State) -> Call:
    """One UpdateFunctionConfiguration with only the wanted fields, guarded by the revision observed."""
    parameters: dict[str, Any] = {"FunctionName": address.resource}
    for field, value in wanted.items():
        if not field.startswith(ENVIRONMENT) and field not in _LOGGING:
            parameters |= _parameter(field, value)
    if any(field in _LOGGING for field in wanted):
        parameters["LoggingConfig"] = _logging(observed, wanted)
    if any(field.startswith(ENVIRONMENT) for field in wanted):
        parameters["Environment"] = {"Variables": _merged_environment(observed, wanted)}
    if observed.get("revision_id"):
        parameters["RevisionId"] = observed["revision_id"]
    return Call("lambda", "UpdateFunctionConfiguration", parameters)


def _parameter(field: str, value: Any) -> dict[str, Any]:
    match field:
        case "memory_mb":
            return {"MemorySize": value}
        case "timeout_s":
            return {"Timeout": value}
        case "tracing":
            return {"TracingConfig": {"Mode": value}}
        case "dead_letter_arn":
            return {"DeadLetterConfig": {"TargetArn": value or ""}}
        case "layers":
            return {"Layers": list(value)}
        case "ephemeral_mb":
            return {"EphemeralStorage": {"Size": value}}
    raise ValueError(f"{KIND} has no field {field}")


def _logging(observed: State, wanted: State) -> dict[str, Any]:
    """The whole LoggingConfig: what is not named falls back to AWS's defaults, and text has no levels."""
    merged = {**observed, **wanted}
    fields = {name: merged.get(field) for field, name in _LOGGING.items()}
    if fields["LogFormat"] != "JSON":
        fields |= {"ApplicationLogLevel": None, "SystemLogLevel": None}
    return {name: value for name, value in fields.items() if value is not None}


def _merged_environment(observed: State, wanted: State) -> dict[str, Any]:
    merged = {field: value for field, value in (*observed.items(), *wanted.items()) if field.startswith(ENVIRONMENT)}
    return {field.removeprefix(ENVIRONMENT): value for field, value in merged.items() if value is not None}


def parts(wanted: State) -> Sequence[frozenset[str]]:
    """Each field by itself, but for variables and logging; those that the role must allow come last."""
    groups: dict[str, set[str]] = {}
    for name in sorted(wanted, key=lambda name: (name in _BY_ROLE, name)):
        group = ENVIRONMENT if name.startswith(ENVIRONMENT) else "logging" if name in _LOGGING else name
        groups.setdefault(group, set()).add(name)
    sure = [frozenset(names) for names in groups.values() if not names & _BY_ROLE]
    unsure = [frozenset(names) for names in groups.values() if names & _BY_ROLE]
    # What the role has no say in is tried together first: most often it is the role.
    return [frozenset().union(*sure), *unsure] if sure and unsure else [*sure, *unsure]


def by_role(wanted: State) -> bool:
    """Whether the role must allow any of it: dead-letter queue, tracing."""
    return bool(_BY_ROLE & wanted.keys())


def follows(shown: Shown) -> bool:
    """The function's own fields, by value; a variable by where it is read from."""
    if not shown.of_the_function:
        return False
    if not shown.field.startswith(ENVIRONMENT):
        return shown.field in _FIELDS and shown.valued(_FIELDS[shown.field])
    change = shown.change
    noted = shown.undoing and any(token(shown.before, kind) is not None for kind in (SEALED, FINGERPRINT))
    was_set = noted or token(shown.before, PRESENT) == "value"
    before = was_set if change.before is not None else shown.before is None
    source = token(shown.after, REFERENCE)
    if source is None:
        return before and shown.undoing and any(token(shown.after, kind) is not None for kind in (SEALED, FINGERPRINT))
    return before and source == change.after


SETTING = Setting(
    kind=KIND,
    title="function configuration",
    source="https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html",
    read=read,
    observe=observe,
    write=write,
    parts=parts,
    by_role=by_role,
    follows=follows,
    absent_codes=frozenset({"ResourceNotFoundException"}),
    refuse=refuse,
    spoils=spoils,
    progress=progress,
    asynchronous=True,
    read_actions=(Action("lambda:GetFunction", FUNCTION),),
    # Whoever attaches a layer has to be let read it:
    # https://docs.aws.amazon.com/lambda/latest/dg/permissions-user-layer.html
    write_actions=(Action("lambda:UpdateFunctionConfiguration", FUNCTION), Action("lambda:GetLayerVersion", LAYER)),
)
