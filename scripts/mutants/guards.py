"""The guards, by kind: what is taken out of which file, and the tests that have to notice it."""

from __future__ import annotations

from scripts.mutants.guard import Guard
from scripts.mutants.guards_of_runs import OF_RUNS

SIGNING = "tests/unit/journal/test_signing.py"
SIGNATURES = "tests/unit/journal/test_signatures.py"
TEAM_KEY = "tests/unit/journal/test_team_key.py"
AGREEMENT = "tests/unit/planning/test_agreement.py"
FRESHNESS = "tests/unit/applying/test_freshness.py"
ERRORS = "tests/unit/aws/test_secretive_errors.py"
FILES = "tests/unit/test_documents.py"
JOURNAL_FILE = "tests/unit/journal/test_journal_file.py"
LEASES = "tests/integration/test_journal_databases.py"
VALUES = "tests/unit/applying/test_value_check.py"
FAULTS = "tests/faults/test_enumeration.py"


GUARDS: tuple[Guard, ...] = (
    Guard("signature of plans", "any signature is taken", "journal/signing.py",
          "if not key.verifies(mac, _PLAN, *_said(plan)):", "if False:", SIGNING),
    Guard("signature of plans", "none is asked for", "journal/signing.py",
          "    if plan.signature is None:\n        if not trust:", "    if plan.signature is None:\n        if False:",
          SIGNING),
    Guard("signature of plans", "another key's is taken", "journal/signing.py",
          "        return\n    if not trust:\n        mine", "        return\n    if False:\n        mine", SIGNING),
    Guard("signature of plans", "any HMAC is right", "journal/team_key.py",
          'return hmac.compare_digest((signature or "").encode(), self.sign(what, *parts).encode())', "return True",
          TEAM_KEY),
    Guard("signature of plans", "a key that is said twice is read", "documents.py",
          '            twice.append("something twice")', "            pass", SIGNING),
    Guard("signature of plans", "what is not read is passed over", "documents.py",
          'where = _beyond(text, read, "")', "where = None", SIGNING),
    Guard("signature of the journal", "rows are not verified", "journal/signatures.py",
          'return key is not None and key.verifies(row["signature"], what, *_texts(columns, row))', "return True",
          SIGNATURES),
    Guard("signature of the journal", "what is not verified is believed", "applying/keys.py",
          "if trust or not record.unverified:", "if True:", SIGNATURES),
    Guard("signature of the journal", "a changed row is signed again", "journal/steps.py",
          'if row["call"] and verified(key, "step", STEP, known) else None', 'if row["call"] else None', SIGNATURES),
    Guard("signature of the journal", "what was there is not signed", "journal/signatures.py",
          '"call", "was", "wrote",', '"call", "wrote",', SIGNATURES),
    Guard("operations follow from changes", "the check is off", "planning/agreement.py",
          "return next(_disagreements(plan, undoing, turned), None)", "return None", AGREEMENT),
    Guard("operations follow from changes", "values are not compared", "settings/shown.py",
          "return all(check(value) and same(value, told) for value, told in pairs)", "return True", AGREEMENT),
    Guard("operations follow from changes", "any resource is taken", "settings/shown.py",
          "return self.resource == self.function.name and self.field == self.change.setting", "return True", AGREEMENT),
    Guard("operations follow from changes", "a change need not be done", "planning/agreement.py",
          "for ref in set() if undoing else changes.keys() - done:", "for ref in set():", AGREEMENT),
    Guard("operations follow from changes", "any role is assumed", "planning/agreement.py",
          "if not _ROLE.fullmatch(role) or arns.part(role, 4) != account or account not in accounts:", "if False:",
          AGREEMENT),
    Guard("operations follow from changes", "steps are not compared with their plan", "planning/agreement.py",
          "if because is not None:\n            raise JournalError(", "if False:\n            raise JournalError(",
          AGREEMENT),
    Guard("the key", "it is not proven before the first write", "applying/keys.py",
          "if written and not trust:", "if False:", SIGNATURES),
    Guard("the key", "a journal of before does not prove it", "applying/keys.py",
          "if sealed is not None and key.unseal(sealed) is None and not trust:", "if False:", SIGNATURES),
    Guard("the key", "a value that cannot be opened is not left out", "applying/keys.py",
          "    if not lost:\n        return plan\n", "    return plan\n", SIGNATURES),
    Guard("the key", "a link is followed", "journal/key_sources.py",
          'getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)\n        if self.file.is_symlink():',
          'getattr(os, "O_NONBLOCK", 0)\n        if False:', TEAM_KEY),
    Guard("the key", "a hard link is taken", "journal/key_sources.py", "if found.st_nlink > 1:", "if False:", TEAM_KEY),
    Guard("the key", "others may read it", "journal/key_sources.py",
          "if found.st_mode & 0o077:", "if False:", TEAM_KEY),
    Guard("stale plans", "any age is taken", "applying/freshness.py",
          "if age > timedelta(hours=max_age_h):", "if False:", FRESHNESS),
    Guard("stale plans", "a plan of tomorrow is taken", "applying/freshness.py",
          "if age < -_AHEAD:", "if False:", FRESHNESS),
    Guard("stale plans", "revisions are not compared", "applying/freshness.py",
          "if asked.revision_id is not None and found.revision_id != asked.revision_id:", "if False:", FRESHNESS),
    Guard("stale plans", "a function made anew is taken for the old one", "applying/freshness.py",
          "if any(was and was != is_now for was, is_now in zip(then, now, strict=True)):", "if False:", FRESHNESS),
    Guard("secrets in errors", "AWS's words are shown", "aws/faults.py",
          '    if secretive:\n        message = ""\n', "", ERRORS),
    Guard("secrets in errors", "they are shown in the end", "aws/faults.py",
          "    if secretive:\n        told", "    if False:\n        told", ERRORS),
    Guard("secrets in errors", "no request is known to have any", "aws/concealing.py",
          "if isinstance(value, Secret | Package):\n        return True", "if isinstance(value, Secret | Package):\n"
          "        return False", ERRORS),
    Guard("files", "output follows links", "documents.py", "if path.is_symlink():", "if False:", FILES),
    Guard("files", "a pipe is waited for", "documents.py",
          "if not stat.S_ISREG(os.fstat(descriptor).st_mode):", "if False:", f"{FILES} --timeout=20"),
    Guard("files", "a deleted journal goes on", "journal/database.py",
          "if found is None or (found.st_dev, found.st_ino) != (opened.st_dev, opened.st_ino):", "if False:",
          JOURNAL_FILE),
    Guard("files", "the journal's mode is the umask's", "journal/database.py",
          "os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))", "raise FileNotFoundError",
          JOURNAL_FILE),
    Guard("the journal", "nothing is written down before it is sent", "journal/journal.py",
          "self._written(lambda connection: steps.send(connection, run_id, operation_id, sending, self._key))",
          "dict[str, object]()", SIGNATURES),
    Guard("leases", "a held function is taken", "journal/leases.py",
          "if not _may_take(row, holder, now)", "if False", f"{LEASES} -k one_runs_until_it_lets_go"),
    Guard("leases", "renewing does nothing", "journal/leases.py",
          "return connection.execute(mine.values(expires_at=now + LEASE_S)).rowcount", "return 1",
          f"{LEASES} -k expires_unless_it_is_renewed"),
    Guard("values at the write", "what another hand changed is overwritten", "applying/judgement.py",
          "return Ended(Result.FAILED, _another_hand(differing))\n        return Doing({",
          "pass\n        return Doing({",
          VALUES),
    Guard("values at the write", "another revision is overwritten", "applying/judgement.py",
          'if was is None and revision is not None and observed.get("revision_id") != revision:', "if False:", VALUES),
    Guard("faults", "none is injected", "demo/strict/faults.py",
          "return self.nth <= self.seen < self.nth + self.times", "return False", f"{FAULTS} -k slows_down"),
    *OF_RUNS,
)  # fmt: skip
