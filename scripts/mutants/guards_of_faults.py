"""Guards whose test of the page is one of crashes, lost answers, full disks, other hands or damaged journals."""

from __future__ import annotations

from scripts.mutants.guard import Edit, Guard

ENUMERATION = "tests/faults/test_enumeration.py"
INTERRUPT = "tests/faults/test_interrupt.py"
FENCING = "tests/faults/test_fencing.py"
DATABASES = "tests/integration/test_journal_databases.py"
TRUST = "tests/integration/test_trust.py"
SIGNATURES = "tests/unit/journal/test_signatures.py"
MODEL = "tests/faults/test_model.py"
SEQUENCES = f"{MODEL}::test_any_sequence_of_commands_and_mishaps_keeps_to_the_model"
FIXED = "tests/faults/test_sequences.py"
_IS_GONE = 'return here and processes.gone(row["machine"], row["pid"], row["started"])'
_OVERWRITTEN = (
    "applying/judgement.py",
    "return Ended(Result.FAILED, _another_hand(differing))\n        return Doing({", "pass\n        return Doing({",
)  # fmt: skip
_NO_TOKEN = (
    "journal/leases.py",
    "    if row is None:\n        return None\n    if row.expires_at",
    "    if row is None:\n        return 1\n    if row.expires_at",
)  # fmt: skip
OF_FAULTS: tuple[Guard, ...] = (
    Guard("crashes", "what was sent is put back only if its answer came", "model/record.py",
          "return bool(self.call) and self.state is not StepState.INTENDED",
          "return bool(self.call) and self.state is StepState.CONFIRMED",
          f"{ENUMERATION}::test_killed_at_every_call_and_resumed_or_rolled_back"),
    Guard("crashes", "a rollback says that it is done before it begins", "applying/runner.py",
          "        run = self._start(plan, record.run_id, stale={**stale, **lost})\n"
          "        if run.status is Status.SUCCEEDED and only is None:\n",
          "        self._was_put_back(record)\n"
          "        run = self._start(plan, record.run_id, stale={**stale, **lost})\n"
          "        if False:\n",
          f"{ENUMERATION}::test_a_rollback_that_is_killed_at_every_write_can_be_repeated"),
    Guard("Ctrl-C", "the second is ignored", "cli/signals.py",
          "            os._exit(_AT_ONCE)\n", "            return\n",
          f"{INTERRUPT}::test_twice_stops_at_once_and_can_be_put_back"),
    Guard("for any function", "what it wrote is taken for what was there", "applying/undo.py",
          "after=dict(step.was),", "after=dict(step.wrote),",
          "tests/integration/test_any_function.py"
          "::test_plan_apply_plan_is_empty_and_apply_rollback_gives_back_what_was"),
    Guard("other hands", "a rollback of one setting takes no notice of them", "applying/judgement.py",
          "others = [name for name in unlike if name in changed]", "others: list[str] = []",
          "tests/integration/test_each_optimization.py::test_rollback_leaves_what_another_hand_changed_since"),
    Guard("other hands", "a run takes no notice of them", *_OVERWRITTEN,
          "tests/faults/test_other_hands.py::test_another_hand_in_a_run_is_seen_left_and_told"),
    Guard("leases", "a second run takes a held function", "journal/leases.py",
          "if not _may_take(row, holder, now)", "if False",
          f"{DATABASES}::test_a_second_run_is_told_who_holds_the_function_and_writes_nothing -k sqlite"),
    # Of three hands the leases alone are not missed: revisions and values keep them apart, too.
    Guard("crashes", "of three hands one is killed, and what it sent was not written down", "journal/journal.py",
          "self._written(lambda connection: steps.send(connection, run_id, operation_id, sending, self._key))",
          "dict[str, object]()",
          "tests/faults/test_together.py::test_three_hands_at_once_and_one_of_them_killed"),
    Guard("leases", "a stopped transaction locks for ever", "journal/database.py",
          '        "idle_in_transaction_session_timeout": f"{_IDLE_S}s",\n', "",
          f"{DATABASES}::test_a_process_that_is_stopped_in_a_transaction_does_not_keep_the_others_out"),
    Guard("the model", "of a chain of rollbacks only the last two are told", "applying/runner.py",
          "            self.journal.mark(run_id, stands)\n",
          "            self.journal.mark(run_id, stands)\n            if place:\n                return\n",
          f"{FIXED}::test_rollbacks_of_rollbacks_say_of_each_run_whether_it_stands"),
    Guard("leases", "a run that slept writes on", *_NO_TOKEN,
          f"{FENCING}::test_a_run_that_slept_while_another_put_it_back_writes_nothing_more -k sqlite"),
    Guard("leases", "a run that was killed holds on", "journal/leases.py", _IS_GONE, "return False",
          f"{FENCING}::test_the_lease_of_a_killed_run_is_free_at_once -k sqlite"),
    Guard("leases", "one lasts for ten minutes", "journal/leases.py", "LEASE_S, RENEWED_EVERY_S = 50.0, 10.0",
          "LEASE_S, RENEWED_EVERY_S = 600.0, 10.0",
          "tests/unit/journal/test_leases.py"
          "::test_a_lease_is_over_within_a_minute_whatever_the_clocks_of_its_takers_say"),
    Guard("the journal", "a damaged one is a traceback", "journal/standing.py",
          "except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:", "except ZeroDivisionError as error:",
          f"{DATABASES}::test_a_damaged_journal_stops_the_run_before_it_writes"),
    Guard("the journal", "what does not fit is a traceback", "journal/standing.py",
          "except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:", "except ZeroDivisionError as error:",
          f"{DATABASES}::test_a_disk_that_fills_up_at_any_point_stops_the_run_and_leaves_it_undoable"),
    Guard("the journal", "the same on a file system that is full", "journal/standing.py",
          "except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:", "except ZeroDivisionError as error:",
          "tests/faults/test_full_disk.py"
          "::test_a_file_system_that_is_full_at_any_point_stops_the_run_and_leaves_it_undoable"),
    Guard("the journal", "one of the first version is not brought up to date", "journal/database.py",
          '    command.upgrade(config, "head")', "    pass",
          f"{DATABASES}::test_a_journal_of_the_first_version_still_rolls_back -k sqlite"),
    Guard("the journal", "a step's end is not signed", "journal/steps.py",
          "return {**row, \"signature\": signature(key, \"step\", STEP, row)}", "return {**row, \"signature\": \"\"}",
          "tests/unit/journal/test_signatures.py"),
    Guard("secrets", "they are in AWS's errors", "aws/concealing.py",
          "if isinstance(value, Secret | Package):\n        return True",
          "if isinstance(value, Secret | Package):\n        return False",
          "tests/integration/test_no_secret_leaves.py::test_no_canary_is_written_where_aws_fails -k echo"),
    Guard("signature of plans", "a plan with any value is taken", "journal/team_key.py",
          'return hmac.compare_digest(known.encode(), self.sign(what, *parts).encode())', "return True",
          "tests/fuzz/test_files.py::test_a_plan_with_another_value_in_any_place_is_refused",
          (Edit("documents.py",
                "if plan.plan_id not in (found.plan_id, _id(found.of_before), _id_of_before(raw)):", "if False:"),)),
    Guard("files", "what is no YAML is a traceback", "policy/file.py",
          "except (YAMLError, ValueError, IndexError, RecursionError) as error:",
          "except ZeroDivisionError as error:", "tests/fuzz/test_files.py::test_any_text_as_a_policy"),
    Guard("permissions", "a queue's deletion is not in the printed policy", "settings/queue.py",
          'write_actions=(Action("sqs:CreateQueue", QUEUE), Action("sqs:DeleteQueue", QUEUE)),',
          'write_actions=(Action("sqs:CreateQueue", QUEUE),),',
          "tests/integration/test_least_privilege.py::test_exactly_the_printed_policy_is_enough_for_everything"),
    Guard("accounts", "one that cannot be reached ends the plan", "planning/workflow.py",
          "        if asked.alone:\n            raise\n        if scope.unsure",
          "        raise\n        if scope.unsure",
          "tests/integration/test_organization.py::test_an_account_that_cannot_be_reached_stops_no_other"),
    Guard("states of a run", "one whose functions another took is running for ever", "journal/leases.py",
          ".mappings().all() if runs else ()", ".mappings().all() if False else ()",
          f"{SIGNATURES}::test_a_run_that_was_interrupted_stays_so_when_another_takes_its_functions"),
    Guard("states of a run", "one whose process died early is running for ever", "journal/standing.py",
          'and processes.is_over(row["worker"]):', "and False:",
          f"{SIGNATURES}::test_a_run_whose_process_died_before_it_held_anything_was_interrupted"),
    Guard("states of a step", "one that was deleted is not missed", "journal/signatures.py",
          "if counted and not tallies.holds(connection, str(this), key):", "if False:",
          f"{SIGNATURES}::test_a_step_that_was_deleted_is_missed_and_one_that_was_never_sent_is_not"),
    Guard("states of a step", "what another process sent is taken for intended", "journal/steps.py",
          '"state": StepState.SENT, "sent_at"', '"state": StepState.INTENDED, "sent_at"',
          f"{TRUST}::test_what_was_never_sent_is_not_put_back"),
    Guard("secrets", "variables of functions are not concealed", "aws/concealing.py",
          "variables[name] = Secret(value)", "pass",
          "tests/integration/test_no_secret_leaves.py::test_no_canary_is_in_any_byte_that_was_written"),
    Guard("the model", "what another hand changed is overwritten", *_OVERWRITTEN,
          f"{FIXED}::test_another_hand_between_plan_and_run_is_left"),
    Guard("the model", "a rollback takes no notice of other hands", "applying/judgement.py",
          "others = [name for name in unlike if name in changed]", "others: list[str] = []", SEQUENCES),
    Guard("the model", "nothing is written down before it is sent", "journal/journal.py",
          "self._written(lambda connection: steps.send(connection, run_id, operation_id, sending, self._key))",
          "dict[str, object]()", SEQUENCES),
    Guard("the model", "a rollback is all or nothing", "applying/judgement.py",
          "ours = {name: wanted[name] for name in changed if name not in left}",
          "ours = {} if left else {name: wanted[name] for name in changed}",
          f"{FIXED}::test_what_other_hands_left_alone_goes_back"),
    Guard("the model", "what was sent is put back only if its answer came", "model/record.py",
          "return bool(self.call) and self.state is not StepState.INTENDED",
          "return bool(self.call) and self.state is StepState.CONFIRMED",
          f"{FIXED}::test_what_was_sent_by_a_run_that_was_killed_goes_back_too"),
    Guard("the model", "a write whose answer was lost is taken for refused", "applying/apply_operation.py",
          "lost = isinstance(error, AwsRefused) and error.lost", "lost = False",
          f"{FIXED}::test_a_write_whose_answer_was_lost_goes_back_too"),
    Guard("the model", "a held function is taken", "journal/leases.py",
          "if not _may_take(row, holder, now)", "if False", f"{FIXED}::test_a_run_that_sleeps_keeps_the_others_out"),
    Guard("the model", "the sleeper writes on", *_NO_TOKEN,
          f"{FIXED}::test_a_run_that_slept_too_long_writes_nothing_more",
          (Edit("applying/scope_run.py", "if context.journal.renew(holder) < len(mine):", "if False:"),)),
    Guard("the model", "a run that was killed holds on", "journal/leases.py", _IS_GONE, "return False",
          f"{FIXED}::test_a_run_that_was_killed_holds_nothing_and_is_told_of"),
)  # fmt: skip
