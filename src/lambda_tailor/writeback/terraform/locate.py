"""From a wanted setting over the state to the block that has it, and whether there is anything to do."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from lambda_tailor.writeback.files import Tree
from lambda_tailor.writeback.model import ToOwn, Wanted
from lambda_tailor.writeback.terraform import environment, missing_group, own
from lambda_tailor.writeback.terraform.attributes import setting
from lambda_tailor.writeback.terraform.placing import Task
from lambda_tailor.writeback.terraform.report import Report, site_of
from lambda_tailor.writeback.terraform.state import Instance
from lambda_tailor.writeback.terraform.targets import LOG_GROUP, TARGETS, Target, as_written, log_group, resource, same
from lambda_tailor.writeback.terraform.text import hcl
from lambda_tailor.writeback.terraform.values import Hole, Special
from lambda_tailor.writeback.terraform.world import World


class Locator:
    """Makes tasks of wanted settings; what cannot become one is reported."""

    def __init__(self, worlds: Sequence[World], tree: Tree, report: Report) -> None:
        self._worlds, self._tree, self._report = worlds, tree, report
        self._groups: list[missing_group.Group] = []
        self._variables: list[environment.Variable] = []

    def task(self, wanted: Wanted) -> Task | None:
        target = TARGETS.get(wanted.setting)
        located = self._function(wanted)
        if located is None:
            return None
        world, function = located
        if target is None:
            self._other(world, function, wanted)
            return None
        instance = resource(world.state, function, wanted, target) or self._configured(world, function, wanted, target)
        if instance is None:
            self._missing(world, wanted, function, target)
            return None
        scope = world.scope(instance.module)
        block = scope.module.resources.get((instance.type, instance.name)) if scope is not None else None
        if scope is None or block is None:
            self._report.refuse(wanted, self._no_block(world, instance))
            return None
        evaluator = scope.evaluator_of(block, instance.key)
        now = setting(block, evaluator, target.path)
        value = as_written(target, wanted.after)
        if wanted.makes is not None and world.state.find("aws_sqs_queue", "arn", wanted.after) is None:
            block_text = own.queue(wanted.makes)
            self._report.out.to_own.append(ToOwn(function=wanted.function, resource=wanted.makes, block=block_text))
        task = Task(wanted, target, instance, scope, block, evaluator, value, now)
        return task if self._worth_doing(task) else None

    def _function(self, wanted: Wanted) -> tuple[World, Instance] | None:
        for world in self._worlds:
            for function in world.state.functions():
                if function.attributes.get("arn") == wanted.arn:
                    return world, function
        arns = [str(f.attributes.get("arn", "")) for world in self._worlds for f in world.state.functions()]
        accounts = sorted({arn.split(":")[4] for arn in arns if arn.count(":") > 4})
        other = accounts and wanted.account_id not in accounts
        because = f"the state is of account {', '.join(accounts)}" if other else "the state has no such function"
        self._report.refuse(wanted, f"{because}: give the state that has {wanted.arn} with --state")
        return None

    def _configured(self, world: World, function: Instance, wanted: Wanted, target: Target) -> Instance | None:
        """A log group that the configuration has and the state not yet."""
        if target.type != LOG_GROUP:
            return None
        sought = log_group(function, wanted)
        for scope in world.scopes():
            for (type_, name), block in scope.module.resources.items():
                if type_ != LOG_GROUP or "name" not in block.attributes:
                    continue
                for key, evaluator in scope.instances(block):
                    if evaluator(block.attributes["name"].expression).data == sought:
                        return Instance(scope.path, type_, name, key, {})
        return None

    def _no_block(self, world: World, instance: Instance) -> str:
        path = instance.module
        for depth in range(len(path), 0, -1):
            parent = world.scope(path[: depth - 1])
            call = parent.module.calls.get(path[depth - 1][0]) if parent is not None else None
            if parent is not None and call is not None and world.scope(path[:depth]) is None:
                at = f"{call.file}:{self._tree.line(call.file, call.start)}"
                absent = f"the module at {at} is not on this machine (run terraform init)"
                return f"{absent}, so {instance.address} cannot be followed"
        problems = [p for scope in world.scopes() for p in scope.module.problems]
        told = f" ({problems[0].rstrip('.')})" if problems else ""
        return f"no file has a block for {instance.address}{told}"

    def _worth_doing(self, task: Task) -> bool:
        current = task.current
        wanted, target = task.wanted, task.target
        if not isinstance(current.data, Special) and current.known and same(target, current.plain(), task.value):
            self._report.already(task, site_of(task))
            return False
        if _ignored(task):
            self._report.refuse(
                wanted,
                "lifecycle ignore_changes leaves it to others, and Terraform does not touch it",
                site_of(task),
                task.value,
            )
            return False
        deployed = _deployed(task)
        before = as_written(target, wanted.before)
        said = current.plain()
        if said is not None and current.known and not same(target, said, before) and not same(target, said, deployed):
            self._report.refuse(
                wanted,
                f"the source says {hcl(said)} by now, and neither the plan nor the state knows of that",
                site_of(task),
                task.value,
            )
            return False
        return True

    def _missing(self, world: World, wanted: Wanted, function: Instance, target: Target) -> None:
        if target.type == LOG_GROUP:
            self._groups.append(missing_group.Group(world, function, wanted))
            return
        self._report.refuse(wanted, f"the state has no {target.type} of it")

    def _other(self, world: World, function: Instance, wanted: Wanted) -> None:
        """A setting that is no single attribute: a variable of the environment, an alarm."""
        scope = world.scope(function.module)
        block = scope.module.resources.get((function.type, function.name)) if scope is not None else None
        if wanted.setting.startswith(environment.PREFIX) and scope is not None and block is not None:
            self._variables.append(environment.Variable(wanted, scope, block))
        elif isinstance(wanted.after, dict) and "alarm" in wanted.after:
            because = "an alarm is not written yet: add the block, and import the alarm where the plan was applied"
            site = Hole(block.file, block.start, "") if block is not None else None
            self._report.refuse(wanted, because, site, own.alarm(wanted.after))
        else:
            self._report.refuse(wanted, "Terraform has no attribute for it that is written here: write it by hand")

    def add_variables(self) -> None:
        """Write the variables that were asked for."""
        environment.write(self._worlds, self._tree, self._report, self._variables)

    def add_groups(self) -> None:
        added = missing_group.add(self._tree, self._groups)
        self._report.add(added.edits, added.splices, added.notes)
        for wanted, because in added.refused:
            self._report.refuse(wanted, because)


def _ignored(task: Task) -> bool:
    for lifecycle in task.block.nested("lifecycle"):
        ignored = lifecycle.attributes.get("ignore_changes")
        names = getattr(ignored.expression, "items", ()) if ignored is not None else ()
        if getattr(ignored.expression, "name", "") == "all" if ignored is not None else False:
            return True
        if any(getattr(item, "name", None) == task.target.path[0] for item in names):
            return True
    return False


def _deployed(task: Task) -> JsonValue:
    """What the state says."""
    value: JsonValue = dict(task.instance.attributes)
    for name in task.target.path:
        value = value[0] if isinstance(value, list) and value else value
        value = value.get(name) if isinstance(value, dict) else None
    return value
