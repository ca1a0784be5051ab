"""A plan in the terminal: what, how much, how safe; then the groups; then the functions that matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from lambda_tailor.model.plan import Change, MonthlyUsd, Plan, PlannedFunction
from lambda_tailor.model.verdict import Risk
from lambda_tailor.report.figures import NOTHING, Figures, days_of_load, figures_of, is_assumed, net_of, positive
from lambda_tailor.report.groups import OfRule, Reason, at_risk, blocked, by_rule, common, findings
from lambda_tailor.report.sentences import assumption_lines, estimate_text, plan_total, step_of, steps_of
from lambda_tailor.report.tables import GRAVE
from lambda_tailor.report.terminal_function import LABEL, FunctionText, kept_money, mark_of
from lambda_tailor.report.texts import brief_range, clean, count, place
from lambda_tailor.report.view import TOP, View, ordered, shown
from lambda_tailor.report.writer import RISK_WORD, Writer

# Shorter than that, nobody needs to be told how long it takes. Seconds.
WORTH_SAYING_S = 10
_NAME = 28
# How a sentence begins that says what decided on the plan.
DECIDED = "By the preset"
# So many things to decide, and of each group so many names.
_DECIDE, _NAMES = 12, 3


class PlanText:
    """Writes one plan. ``verbose`` adds evidence and what is kept."""

    def __init__(self, plan: Plan, writer: Writer, view: View, *, verbose: bool) -> None:
        self._plan, self._to, self._view, self._verbose = plan, writer, view, verbose
        self._figures = figures_of(plan)
        self._risks, self._blocked = at_risk(plan), blocked(plan)
        places = {(f.account_id, f.region) for f in plan.functions}
        self._places = places if len(places) > 1 else set()

    def write(self) -> None:
        """All of it, the one line that says what it comes to near the end."""
        in_full = self._view.in_full(self._plan) or self._verbose
        for note in self._notes(first=True):
            self._to.line(note, "yellow")
        self._head()
        if self._figures.changed_functions > 1 or not in_full:
            self._headline(self._figures)
        if not in_full:
            self._groups()
            if self._view.group_by is None:
                self._most_money()
            self._decide()
        else:
            self._functions()
        self._problems()
        for number, note in enumerate(self._notes(first=False)):
            if not number:
                self._to.line()
            self._to.line(note, "dim")
        self._small_print(in_full=in_full)
        self._to.line()
        self._to.line(plan_total(self._plan), "bold")
        if not in_full:
            self._to.line("All of it: --full, with evidence -v. A page: --out plan.json, then")
            self._to.line("lambda-tailor report plan.json --out plan.html")

    def _notes(self, *, first: bool) -> list[str]:
        """What decided on the plan, which comes first; what it left out, which comes last."""
        return [clean(note) for note in self._plan.notes if note.startswith(DECIDED) is first]

    def _head(self) -> None:
        accounts = list(dict.fromkeys(f.account_id for f in self._plan.functions))
        regions = list(dict.fromkeys(f.region for f in self._plan.functions))
        where = [accounts[0] if len(accounts) == 1 else count(len(accounts), "account")] if accounts else []
        where += [regions[0] if len(regions) == 1 else count(len(regions), "region")] if regions else []
        parts = [" ".join(where), count(len(self._plan.functions), "function"), f"policy {self._plan.policy}"]
        looked_in = self._plan.assumptions.get("looked_in")
        if not accounts and isinstance(looked_in, list):
            parts[0] = ", ".join(map(str, looked_in[:_NAMES])) + (", ..." if len(looked_in) > _NAMES else "")
        days = days_of_load(self._plan)
        parts += [f"{days} of load"] if days else []
        self._to.line(self._dotted(part for part in parts if part), "bold")

    def _dotted(self, parts: Iterable[str]) -> str:
        try:
            dot = "·"
            dot.encode(self._to.console.encoding)
        except (UnicodeEncodeError, LookupError):
            dot = "-"
        return f" {dot} ".join(parts)

    def _headline(self, f: Figures) -> None:
        to = self._to
        to.line()
        amounts = [f.net, *((f.measured, f.assumed) if f.assumed != NOTHING else ())]
        wide = max(len(brief_range(_shown(usd))) for usd in amounts)
        title = "Net cost a month" if f.net.high <= 0 and f.net != NOTHING else "Net saving a month"
        to.line(f"  {title:<21} {brief_range(_shown(f.net)):>{wide}}   {_share(f)}".rstrip())
        if f.assumed != NOTHING:
            measured, assumed = brief_range(f.measured), brief_range(f.assumed)
            to.line(f"    {'measured':<19} {measured:>{wide}}   {count(f.measured_functions, 'function')}")
            few = f"{count(f.assumed_functions, 'function')} with too little load"
            to.line(f"    {'assumed':<19} {assumed:>{wide}}   {few}")
        to.line(f"  {'Changes':<21} {f.changes:,} in {count(f.changed_functions, 'function')}{_by_risk(f)}")
        unjudged = sum(unjudged_of(self._plan).values())
        more = f"   not judged: {count(unjudged, 'function')}" if unjudged else ""
        if f.blocked or more:
            to.line(f"  {'Blocked':<21} {f.blocked:,}{more}")

    def _groups(self) -> None:
        match self._view.group_by:
            case "account":
                self._by_account()
            case _:
                self._by_rule()

    def _by_rule(self) -> None:
        groups = by_rule(self._plan)
        if not groups:
            return
        self._to.line()
        self._row("  By rule", "functions", "net a month", "bold")
        for group in groups[: self._view.top if self._view.group_by else None]:
            left = (
                f"  {mark_of(group.rows[0].change)} {group.title:<{LABEL}} {steps_of([r.change for r in group.rows])}"
            )
            self._row(left, f"{group.functions:,}", _net(group.usd))

    def _by_account(self) -> None:
        found: dict[tuple[str, str], list[PlannedFunction]] = {}
        for function in self._plan.functions:
            found.setdefault((function.account_id, function.region), []).append(function)
        rows = []
        for (account, region), functions in found.items():
            net = sum((net_of(f) for f in functions), NOTHING)
            changed = sum(any(c.pending for c in f.changes) for f in functions)
            rows.append((net, f"    {account} {region}", f"{changed:,}"))
        self._to.line()
        self._row("  By account and region", "functions", "net a month", "bold")
        rows.sort(key=lambda row: (-row[0].high, row[1]))
        for net, name, number in rows[: self._view.top]:
            self._row(name, number, _net(net))

    def _row(self, left: str, middle: str, right: str, style: str = "") -> None:
        edge = f"{middle:>9}   {right:>16}"
        room = self._to.columns - len(edge) - 2
        self._to.edges(_cut(left, room), edge, style)

    def _most_money(self) -> None:
        listed = [f for f in ordered(self._plan.functions, self._view.sort) if any(c.pending for c in f.changes)]
        top = listed[: self._view.top or TOP]
        if not top:
            return
        self._to.line()
        sort = "name" if self._view.sort == "money" and all(net_of(f) == NOTHING for f in top) else self._view.sort
        title = {"money": "Most money", "risk": "Most risk", "name": "By name"}[sort]
        self._row(f"  {title}", "risk", "net a month", "bold")
        wide = min(max(len(f.name) for f in top), _NAME if self._to.columns < 100 else 2 * _NAME)
        often = {(reason.rule, reason.risk) for reason in common(self._risks, self._figures.changed_functions)}
        for function in top:
            pending = [c for c in function.changes if c.pending]
            # What holds for most functions is said once, under Decide.
            risks = [c.risk for c in pending if (c.rule, c.risk) not in often] or [Risk.LOW]
            worst = min(risks, key=GRAVE.__getitem__)
            left = f"  {_cut(function.name, wide):<{wide}}  {self._what(pending)}"
            edge = f"{RISK_WORD[worst]:>9}   {_net(net_of(function), assumed=is_assumed(function)):>16}"
            self._to.edges(_cut(left, self._to.columns - len(edge) - 2), edge, risk=worst)
        if len(listed) > len(top):
            self._to.line(f"  ... {len(listed) - len(top):,} more: --top N, or --full")

    def _what(self, pending: Sequence[Change]) -> str:
        """The changes of most money in a few words."""
        first = sorted(pending, key=lambda c: -c.monthly_usd.high)
        told = [step_of(c) if c.setting in ("memory_mb", "architecture") else c.rule for c in first]
        return ", ".join(dict.fromkeys(told))

    def _decide(self) -> None:
        lines = list(self._to_decide())
        if not lines:
            return
        self._to.line()
        self._to.line("  Decide", "bold")
        for mark, text, money, risk in lines[:_DECIDE]:
            self._to.edges(f"  {mark} {text}", money, risk=risk)
        if len(lines) > _DECIDE:
            self._to.line(f"  ... {len(lines) - _DECIDE} more: --full")

    def _to_decide(self) -> Iterator[tuple[str, str, str, Risk | None]]:
        often = {id(reason) for reason in common(self._risks, self._figures.changed_functions)}
        for reason in sorted(self._risks, key=lambda r: (id(r) not in often, GRAVE[r.risk])):
            grave = " (high risk)" if reason.risk is Risk.HIGH else ""
            text = f"{_who(reason)}: {_lower(reason.text)}{grave}"
            yield "!", text, brief_range(reason.usd) if reason.usd.high > 0 else "", reason.risk
        for reason in self._blocked:
            usd = positive(reason.rows)
            yield "x", f"{_who(reason)} {_lower_rule(reason)}: {_lower(reason.text)}", kept_money(usd), None
        for reason in findings(self._plan):
            yield "i", f"{_who(reason)}: {_lower(reason.text)}", "", None
        unjudged = unjudged_of(self._plan)
        if unjudged:
            first = [f"{_lower(because)} ({n:,})" for because, n in unjudged.most_common(3)]
            why = first[0].rpartition(" (")[0] if len(first) == 1 else ", ".join(first)
            total = sum(unjudged.values())
            yield "?", f"{count(total, 'function')} {'is' if total == 1 else 'are'} not judged: {why}", "", None

    def _functions(self) -> None:
        functions = [f for f in ordered(self._plan.functions, self._view.sort) if shown(f) or self._verbose]
        top = functions if self._view.top is None else functions[: self._view.top]
        for function in top:
            FunctionText(function, self._to, self._places, verbose=self._verbose).write()
        if len(functions) > len(top):
            self._to.line()
            self._to.line(f"... {len(functions) - len(top):,} more functions: --top N")

    def _problems(self) -> None:
        if self._plan.problems:
            self._to.line()
        for problem in self._plan.problems:
            self._to.line(f"! {place(problem)}: {problem.because}", "bold red")

    def _small_print(self, *, in_full: bool) -> None:
        estimate = self._plan.estimate
        money = any(c.monthly_usd.high for _, c in self._plan.pending())
        if self._plan.assumptions and money and in_full:
            self._to.line()
            for line in assumption_lines(self._plan):
                self._to.line(line, "dim")
        if estimate is not None and estimate.seconds >= WORTH_SAYING_S:
            self._to.line()
            self._to.line(estimate_text(estimate))


def unjudged_of(plan: Plan) -> Counter[str]:
    """The functions whose load is not known, by why."""
    found: Counter[str] = Counter()
    for function in plan.functions:
        unknown = [
            k.because
            for k in function.kept
            if k.rule == "memory" and ("not judged" in k.because or " not known" in k.because)
        ]
        if unknown and not any(c.rule == "memory" for c in function.changes):
            found[unknown[0].partition(": ")[2] or unknown[0]] += 1
    return found


def _of_rule(group: OfRule) -> str:
    step = steps_of([row.change for row in group.rows])
    return f"  {mark_of(group.rows[0].change)} {group.title:<{LABEL}} {step}"


def _by_risk(f: Figures) -> str:
    """How many changes of which risk; none and low are alike for whoever decides."""
    numbers = {"low": f.by_risk[Risk.NONE] + f.by_risk[Risk.LOW], "medium": f.by_risk[Risk.MEDIUM]}
    numbers["high"] = f.by_risk[Risk.HIGH]
    told = ", ".join(f"{n:,} {word}" for word, n in numbers.items() if n)
    return f"   risk: {told}" if told else ""


def _net(usd: MonthlyUsd, *, assumed: bool = False) -> str:
    told = "-" if usd == NOTHING else brief_range(usd)
    return f"{told} assumed" if assumed else told


def _shown(usd: MonthlyUsd) -> MonthlyUsd:
    return -usd if usd.high <= 0 else usd


def _share(f: Figures) -> str:
    if f.cost_now is None or f.cost_now.high <= 0 or f.net.low <= 0:
        return ""
    low, high = (round(100 * end / f.cost_now.high) for end in (f.net.low, f.net.high))
    return f"{low if low == high else f'{low} to {high}'} % of {brief_range(f.cost_now)}"


def _who(reason: Reason) -> str:
    names = list(dict.fromkeys(row.function.name for row in reason.rows))
    return ", ".join(map(clean, names)) if len(names) <= _NAMES else count(len(names), "function")


def _lower_rule(reason: Reason) -> str:
    steps = {step_of(row.change) for row in reason.rows}
    return f"{reason.rule} {steps.pop()}" if len(steps) == 1 else reason.rule


def _lower(text: str) -> str:
    first, _, rest = text.partition(" ")
    if rest[:1].isupper():
        # A name of two words, such as that of a service.
        return text
    return text[:1].lower() + text[1:] if first[1:].islower() or len(first) == 1 else text


def _cut(text: str, room: int) -> str:
    text = clean(text)
    return text if len(text) <= room else f"{text[: max(room - 3, 1)].rstrip(' ,')}..."
