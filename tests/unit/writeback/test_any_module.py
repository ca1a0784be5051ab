"""For any module of a generator: after the edit the values are as wanted, and all other text is as it was."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambda_tailor.writeback.files import write
from tests.unit.writeback.sources import ACCOUNT, REGION, function, lay, of, state, want


@dataclass(frozen=True)
class Case:
    """A configuration in one file, the functions' names by their key, and what is deployed."""

    text: str
    names: tuple[str, ...]
    keyed: bool


_COMMENT = st.sampled_from(["", " # why", " // 3008", " /* memory_size = 1 */"])
_GAP = st.sampled_from([" ", "  ", "\t"])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    names = tuple(
        draw(st.lists(st.sampled_from(["orders", "bills", "mail", "x-1"]), min_size=1, max_size=3, unique=True))
    )
    comment, gap = draw(_COMMENT), draw(_GAP)
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    shape = draw(st.sampled_from(["single", "map", "lines", "typed", "set", "merged"]))
    extra = draw(
        st.sampled_from(["", '  tags = {\n    a = "b" # 3008\n  }\n', "  description = <<-EOT\n    3008\n  EOT\n"])
    )
    note = comment
    if shape == "single":
        names = names[:1]
        value = draw(st.sampled_from(["3008", "local.m", "var.m", "coalesce(var.none, 3008)", "try(local.o.m, 3008)"]))
        head, tail = "", _single(gap, note)
    else:
        head, value, tail = _several(shape, names, gap, note)
    lines = [f"# head{note}", 'resource "aws_lambda_function" "f" {', head, f"  memory_size{gap}= {value}{note}"]
    body = "\n".join(line for line in lines if line) + f"\n{extra}}}\n\n{tail}"
    return Case(body.replace("\n", newline), names, shape != "single")


def _single(gap: str, note: str) -> str:
    return f"""locals {{
  m{gap}= 3008{note}
  o = {{}}
}}
variable "m" {{
  default{gap}= 3008{note}
}}
variable "none" {{ default = null }}
"""


def _several(shape: str, names: tuple[str, ...], gap: str, note: str) -> tuple[str, str, str]:
    """``for_each``, the attribute's expression, and where the functions come from."""
    entry = {
        "map": f"{gap}= {{ memory = 3008 }}{note}",
        "lines": f" = {{\n      memory{gap}= 3008{note}\n    }}",
        "merged": f" = {{ a = 1 }}{note}",
    }.get(shape, " = {}")
    entries = "".join(f'    "{name}"{entry}\n' for name in names)
    if shape == "set":
        listed = ", ".join(f'"{name}"' for name in names)
        return f"  for_each = toset([{listed}])", "3008", "locals {}\n"
    if shape == "typed":
        type_ = f"map(object({{\n    memory = optional(number, 3008){note}\n  }}))"
        tail = f'variable "all" {{\n  type = {type_}\n  default = {{\n{entries}  }}\n}}\n'
        return "  for_each = var.all", "each.value.memory", tail
    if shape == "merged":
        merged = "{ for k, v in local.raw : k => merge(local.base, v) }"
        base = f"  base = {{ memory = 3008 }}{note}\n  raw = {{\n{entries}  }}\n"
        return "  for_each = local.all", "each.value.memory", f"locals {{\n{base}  all = {merged}\n}}\n"
    return "  for_each = local.all", "each.value.memory", f"locals {{\n  all = {{\n{entries}  }}\n}}\n"


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.data())
def test_the_wanted_values_follow_and_all_other_text_stays(case: Case, data: st.DataObject) -> None:
    sizes = {name: data.draw(st.sampled_from([512, 1024, 1769])) for name in case.names}
    reserved = {name: data.draw(st.sampled_from([None, 5, 10])) for name in case.names}
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dlq-"
    with tempfile.TemporaryDirectory() as folder:
        deployed = [function(n, key=n if case.keyed else None) for n in case.names]
        lay(Path(folder), {"main.tf": case.text, "terraform.tfstate": state(*deployed)})
        wanted = [want(n, "memory_mb", 3008, mb) for n, mb in sizes.items()]
        wanted += [want(n, "reserved_concurrency", None, r) for n, r in reserved.items() if r is not None]
        wanted += [want(n, "dead_letter_arn", None, queue + n) for n in case.names]
        first = of(Path(folder), *wanted)
        assert first.document.not_edited == ()
        assert len(first.document.edits) == len(wanted)
        after = first.texts["main.tf"].decode()
        write(first.tree, first.texts)
        # Evaluated once more from what was written: everything is as wanted, and nothing is left to do.
        again = of(Path(folder), *wanted)
        assert again.texts == {} and len(again.document.already) == len(wanted)
    assert _comments(after) == _comments(case.text)
    assert ("\r\n" in case.text) == ("\r\n" in after) and after.count("\r\n") in (0, after.count("\n"))
    kept = [
        line for line in case.text.split("\n") if "3008" not in line and "{}" not in line and "{ a = 1 }" not in line
    ]
    rest = iter(after.split("\n"))
    assert all(line in rest for line in kept)


def _comments(text: str) -> list[str]:
    return [mark for line in text.split("\n") for mark in ("# why", "// 3008", "/* memory_size = 1 */") if mark in line]
