"""A verification as JUnit XML: one function a suite, one setting a case."""

from __future__ import annotations

from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from lambda_tailor.model.run import CheckedSetting, Verification
from lambda_tailor.report.texts import clean, value


def render(verification: Verification) -> str:
    """The verification; a setting that differs is a failure, a target that could not be read an error."""
    settings, unread = verification.settings, verification.summary.unverified
    root = Element(
        "testsuites",
        name="lambda-tailor verify",
        tests=str(len(settings) + unread),
        failures=str(sum(not s.matches for s in settings)),
        errors=str(unread),
    )
    for (account, region, function), group in groupby(settings, key=lambda s: (s.account_id, s.region, s.function)):
        checked = list(group)
        differing = sum(not s.matches for s in checked)
        name = clean(f"{account} {region} {function}")
        suite = SubElement(
            root, "testsuite", name=name, tests=str(len(checked)), failures=str(differing), errors="0", skipped="0"
        )
        for one in checked:
            _case(suite, name, one)
    if unread:
        _unread(root, unread)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, name: str, one: CheckedSetting) -> None:
    case = SubElement(suite, "testcase", classname=name, name=clean(f"{one.rule}: {one.setting}"))
    if one.matches:
        return
    expected, actual = value(one.setting, one.expected), value(one.setting, one.actual)
    failure = SubElement(case, "failure", type="differs", message=clean(f"expected {expected}, actual {actual}"))
    failure.text = clean(one.detail)


def _unread(root: Element, unread: int) -> None:
    count = str(unread)
    suite = SubElement(root, "testsuite", name="unread targets", tests=count, failures="0", errors=count, skipped="0")
    for number in range(1, unread + 1):
        case = SubElement(suite, "testcase", classname="unread targets", name=f"target {number}")
        SubElement(
            case, "error", type="unread", message="the target could not be read: nobody knows whether it matches"
        )
