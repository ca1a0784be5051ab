"""Every refusal of the embedded AWS: let through, one after the other.

They are found in the source, in its order; each has to be named here with the test that misses it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.mutants.guard import Guard

STRICT = Path(__file__).parents[2] / "src" / "lambda_tailor" / "demo" / "strict"
KIND = "the embedded AWS"
AWS = "tests/integration/test_strict_aws.py"
ALIASES = "tests/integration/test_strict_aliases.py"
CLOUDWATCH = "tests/integration/test_strict_cloudwatch.py"
FUNCTION = "tests/integration/test_strict_function.py"
OTHERS = "tests/integration/test_strict_refusals.py"
_ALIAS = f"{AWS}::test_an_alias_that_aws_does_not_take_is_refused"
_VERSION = f"{ALIASES}::test_a_version_is_not_published_of_a_revision_or_code_that_is_gone"
_FAULT = f"{AWS}::test_a_fault_strikes_before_or_after_the_call_has_its_effect"
_SCALING = (
    "tests/integration/test_provisioned_schedule.py::test_targets_and_their_actions_are_kept_and_senseless_ones_refused"
)
_QUERIES = f"{CLOUDWATCH}::test_queries_that_aws_does_not_start_stop_or_know"
# By file, in the order in which they stand there: what is let through, and the test.
REFUSALS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "alarm_limits": (("an alarm beyond its bounds", f"{CLOUDWATCH}::test_an_alarm_beyond_its_bounds_is_refused"),),
    "alarms": (
        ("an alarm on senseless metric math", f"{CLOUDWATCH}::test_an_alarm_whose_metric_math_has_no_sense_is_refused"),
        ("an alarm on several series", f"{CLOUDWATCH}::test_an_alarm_whose_metric_math_has_no_sense_is_refused"),
    ),
    "aliases": (
        ("an alias of a version that is not there", f"{_ALIAS} -k Function"),
        ("a weight over one", f"{_ALIAS} -k less"),
        ("two other versions", f"{_ALIAS} -k cannot"),
        ("$LATEST with weights", f"{_ALIAS} -k LATEST"),
        ("a version beside itself", f"{_ALIAS} -k already"),
        ("versions of unlike roles or queues", f"{ALIASES} -k unlike"),
    ),
    "auto_scaling": (
        ("a target that is no version or alias", _SCALING),
        ("a maximum under the minimum", f"{OTHERS}::test_a_maximum_under_the_minimum_is_refused"),
        ("an action on no target", _SCALING),
        ("a senseless schedule", _SCALING),
        ("the end of an action that is not there", f"{OTHERS}::test_an_action_that_is_not_there_cannot_be_deleted"),
    ),
    "bucket_lifecycle": (
        ("rules of both forms",
         "tests/integration/test_bucket_lifecycle.py::test_rules_of_both_forms_are_refused_together"),
    ),
    "environment_variables": (
        ("too many variables, and Lambda's own",
         f"{FUNCTION}::test_variables_are_measured_as_json_and_lambdas_own_names_are_refused"),
    ),
    "event_invoke_config": (
        ("an update of what is not there", f"{OTHERS}::test_what_is_not_configured_cannot_be_updated"),
    ),
    "event_sources": (
        ("a batch that is too large",
         "tests/integration/test_event_source_rules.py::test_a_batch_that_lambda_does_not_take_is_refused"),
        ("a queue that hides too short", f"{FUNCTION}::test_a_queue_that_hides_for_less_than_the_timeout_is_refused"),
    ),
    "faults": (
        ("an internal error", f"{_FAULT} -k InternalFailure"),
        ("a token that is over", f"{_FAULT} -k ExpiredToken"),
        ("what IAM denies", f"{_FAULT} -k AccessDenied"),
        ("what another hand is at",
         "tests/integration/test_trust.py::test_what_logs_aborts_since_another_hand_was_at_it_is_sent_again"),
        ("what AWS repeats in its error", f"{_FAULT} -k echo"),
    ),
    "insights": (
        ("groups of several classes",
         f"{CLOUDWATCH}::test_log_groups_are_queried_by_their_class_and_those_of_delivery_never"),
        ("the end of an unknown query", _QUERIES),
        ("the end of a query that is over", _QUERIES),
        ("too many groups in a query", _QUERIES),
        ("a query that is none",
         f"{CLOUDWATCH}::test_a_query_that_is_not_understood_is_malformed_and_says_where"),
    ),
    "key_permissions": (
        ("a service that the key does not let", "tests/integration/test_customer_keys.py"),
    ),
    "lambda_limits": (
        ("an update during another", f"{AWS}::test_a_second_update_has_to_wait_for_the_first"),
        ("a FIFO dead-letter queue", f"{AWS}::test_a_fifo_queue_is_no_dead_letter_queue"),
        ("a dead-letter queue without permission", f"{AWS}::test_a_dead_letter_queue_needs_the_roles_permission"),
        ("a destination without permission",
         "tests/integration/test_destinations.py::test_a_destination_needs_the_roles_permission"),
        ("a reservation of the last hundred", f"{AWS}::test_a_hundred_executions_stay_unreserved"),
        ("a size or a timeout out of bounds", f"{AWS}::test_bounds_of_a_function_are_held"),
    ),
    "log_groups": (("more than fifty names", f"{OTHERS}::test_no_more_than_fifty_log_groups_are_named"),),
    "logging_config": (
        ("a level of text", f"{FUNCTION}::test_logging_is_replaced_whole_and_text_takes_no_levels"),
    ),
    "metric_data": (
        ("metric math that cannot be computed",
         f"{CLOUDWATCH}::test_metric_math_that_cannot_be_computed_is_refused"),
    ),
    "permissions": (
        ("what no policy allows",
         "tests/integration/test_strict_permissions.py::test_metric_math_alarms_and_queries_need_their_permission"),
    ),
    "provisioned_limits": (
        ("a reservation under what is provisioned",
         f"{FUNCTION}::test_a_reservation_under_what_is_provisioned_is_refused"),
    ),
    "queues_made_anew": (
        ("a queue right after its deletion", f"{AWS}::test_a_queue_is_not_made_anew_right_after_its_deletion"),
    ),
    "quotas": (("what comes too fast", f"{AWS}::test_what_comes_too_fast_meets_the_services_own_error"),),
    "tracing_role": (
        ("tracing without permission",
         "tests/integration/test_strict_roles.py::test_active_tracing_is_refused_with_all_else_in_the_same_update"),
    ),
    "versions": (
        ("a version during an update", _VERSION),
        ("a version of another revision", _VERSION),
        ("a version of other code", _VERSION),
    ),
}  # fmt: skip


def _refusals(tree: ast.AST, text: str) -> Iterator[tuple[ast.Return, str]]:
    """Each statement that gives a refusal back, in their order, and what lets the request through instead."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        passing = "return answer" if function.name == "after" else "return None"
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and node.value is not None and "refusal(" in ast.unparse(node.value):
                yield node, passing


def _guard(file: Path, text: str, node: ast.Return, passing: str, what: str, test: str) -> Guard:
    lines = text.splitlines(keepends=True)
    assert node.end_lineno is not None
    statement = "".join(lines[node.lineno - 1 : node.end_lineno])
    first = node.lineno - 1
    # With as many lines before it as it takes to be the only one.
    while text.count(old := "".join(lines[first : node.end_lineno])) != 1:
        first -= 1
    new = old.removesuffix(statement) + " " * node.col_offset + passing + "\n"
    return Guard(KIND, f"{what}: let through", f"demo/strict/{file.name}", old, new, test)


def _all() -> Iterator[Guard]:
    for file in sorted(STRICT.glob("*.py")):
        text = file.read_text()
        found = sorted(_refusals(ast.parse(text), text), key=lambda each: each[0].lineno)
        # A refusal that nobody has named here ends this with an error, and so does one that is gone.
        named = REFUSALS.get(file.stem, ())
        assert len(found) == len(named), f"{file.name} has {len(found)} refusals, and {len(named)} are named"
        for (node, passing), (what, test) in zip(found, named, strict=True):
            yield _guard(file, text, node, passing, what, test)


OF_STRICT: tuple[Guard, ...] = tuple(_all())
