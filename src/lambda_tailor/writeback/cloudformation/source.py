"""CloudFormation and SAM as a source: from a stack's logical ids to edits of its template."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import JsonValue

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.cloudformation.properties import ABSENT, LOG_GROUP, SERVERLESS, path, reference, written
from lambda_tailor.writeback.cloudformation.samconfig import Deployment, deployments
from lambda_tailor.writeback.cloudformation.task import Task, beside, grows, ids_of, physical, text_of
from lambda_tailor.writeback.cloudformation.template import Place, Template
from lambda_tailor.writeback.documents import Document, child, load, plain
from lambda_tailor.writeback.files import Splice, Tree
from lambda_tailor.writeback.model import Wanted
from lambda_tailor.writeback.written import Written
from lambda_tailor.writeback.yaml_text import YamlNode

_TEMPLATES = ("*.yaml", "*.yml", "*.json", "*.template")


def templates(tree: Tree, problems: list[str]) -> list[Document]:
    """The documents below that are templates; what does not parse goes into ``problems``."""
    found: list[Document] = []
    for file in tree.named(*_TEMPLATES):
        try:
            if b"Resources" not in tree.text(file) or b"AWS::" not in tree.text(file):
                continue
            document = load(tree, file)
        except BadInput as error:
            problems.append(str(error))
            continue
        if isinstance(getattr(child(document.root, "Resources"), "data", None), dict):
            found.append(document)
    return found


def write_back(tree: Tree, wanted: Sequence[Wanted], *, shared: bool = False) -> Written:
    """Edits for functions that CloudFormation or SAM deployed, and what could not be edited."""
    return _Writer(tree, shared).run(wanted)


class _Writer:
    def __init__(self, tree: Tree, shared: bool) -> None:
        self._tree, self._shared = tree, shared
        self._out = Written()
        self._problems: list[str] = []
        self._variables: dict[tuple[str, str], list[tuple[Wanted, Template, str, JsonValue]]] = {}
        self._documents = templates(tree, self._problems)
        self._deployments: list[Deployment] = []
        for file in tree.named("samconfig.toml"):
            try:
                self._deployments += deployments(tree, file)
            except BadInput as error:
                self._problems.append(str(error))

    def run(self, wanted: Sequence[Wanted]) -> Written:
        tasks = [task for each in wanted if (task := self._task(each)) is not None]
        for task in tasks:
            self._write(task, tasks)
        self._write_variables()
        return self._out

    # From a function to its resource.

    def _located(self, wanted: Wanted) -> tuple[Template, str] | None:
        found = [(t, i) for t in map(self._template(wanted), self._documents) for i in ids_of(t, wanted)]
        named = [
            d.template for d in self._deployments if d.stack is not None and d.stack == wanted.stack and d.template
        ]
        if len(found) > 1 and named:
            found = [
                (t, i) for t, i in found if any(t.document.file.endswith(n.removeprefix("./")) for n in named)
            ] or found
        if len(found) > 1:
            found = [(t, i) for t, i in found if physical(t, i, wanted.function)] or found
        if len(found) == 1:
            return found[0]
        if found:
            files = ", ".join(t.document.file for t, _ in found)
            self._out.refuse(
                wanted, f"several templates have its logical id ({files}): give the folder of one with --source"
            )
            return None
        told = f" ({self._problems[0].rstrip('.')})" if self._problems else ""
        # Without the function's own name: one line tells it of all.
        what = f"logical id {wanted.logical_id}" if wanted.logical_id else "a function of this name"
        where = f" of stack {wanted.stack}" if wanted.stack else ""
        self._out.refuse(wanted, f"no template below the source's folder has {what}{where}{told}")
        return None

    def _template(self, wanted: Wanted) -> Callable[[Document], Template]:
        of_stack = [d for d in self._deployments if d.stack == wanted.stack] or (
            self._deployments if len(self._deployments) == 1 else []
        )
        overrides = {name: o for d in of_stack for name, o in d.overrides.items()}
        partition = wanted.arn.split(":")[1] if wanted.arn.count(":") > 1 else "aws"
        pseudo = {
            "AWS::Region": wanted.region, "AWS::AccountId": wanted.account_id, "AWS::Partition": partition,
            "AWS::StackName": wanted.stack or "",
        }  # fmt: skip
        return lambda document: Template(document, overrides, pseudo)

    # From a resource to a place.

    def _task(self, wanted: Wanted) -> Task | None:
        located = self._located(wanted)
        if located is None:
            return None
        template, logical_id = located
        if wanted.setting == "retention_days":
            return self._retention(wanted, template, logical_id)
        if wanted.setting.startswith("environment."):
            self._variable(wanted, template, logical_id)
            return None
        where = path(wanted.setting, template.type_of(logical_id))
        document = template.document
        resource = template.resource(logical_id)
        assert resource is not None
        if where is None:
            because = f"{template.type_of(logical_id)} has no property for it: write it by hand"
            self._out.refuse(wanted, because, document.file, document.line(resource))
            return None
        own = child(resource, "Properties", *where)
        every = child(template.globals(), *where) if template.type_of(logical_id) == SERVERLESS else None
        node = own or every
        if node is None:
            return self._checked(Task(wanted, template, logical_id, where, None))
        place = template.follow(node)
        if place is None or (place.node is None and place.override is None):
            because = "the expression cannot be followed to where its value is written"
            self._out.refuse(wanted, because, document.file, document.line(node))
            return None
        return self._checked(Task(wanted, template, logical_id, where, place, in_globals=own is None))

    def _checked(self, task: Task) -> Task | None:
        """The task, unless its value is as wanted, or somebody changed it since."""
        wanted, file = task.wanted, task.template.document.file
        absent = ABSENT.get(wanted.setting)
        says = task.place.value if task.place is not None else absent
        before = written(wanted.setting, wanted.before)
        if says == task.value:
            self._out.is_so(wanted, file, task.line)
        elif isinstance(says, list) and any(isinstance(item, dict) for item in says):
            if grows(task, says):
                return task
            self._lost(task)
        elif wanted.setting == "layers" and isinstance(says, list) and len(says) == len(before or []):  # type: ignore[arg-type]
            return task
        elif says != (absent if before is None else before):
            self._out.refuse(
                wanted, f"the source says {says} by now, and the plan does not know of that", file, task.line
            )
        else:
            return task
        return None

    def _lost(self, task: Task) -> None:
        because = "the expression cannot be followed to where its value is written"
        self._out.refuse(task.wanted, because, task.template.document.file, task.line)

    def _retention(self, wanted: Wanted, template: Template, logical_id: str) -> Task | None:
        group = wanted.log_group or f"/aws/lambda/{wanted.function}"
        document = template.document
        for name, node in template.resources(LOG_GROUP):
            told = child(node, "Properties", "LogGroupName")
            if told is not None and text_of(template, told, {logical_id: wanted.function}) == group:
                value = child(node, "Properties", "RetentionInDays")
                place = template.follow(value) if value is not None else None
                if value is not None and place is None:
                    self._out.refuse(wanted, "the expression cannot be followed", document.file, document.line(value))
                    return None
                return self._checked(Task(wanted, template, name, ("RetentionInDays",), place))
        resources = child(document.root, "Resources")
        assert resources is not None
        block: dict[str, JsonValue] = {
            "Type": LOG_GROUP,
            "Properties": {
                "LogGroupName": {"Fn::Sub": f"/aws/lambda/${{{logical_id}}}"},
                "RetentionInDays": wanted.after,
            },
        }
        if wanted.group_exists is False:
            splices = document.added(resources, [f"{logical_id}LogGroup"], block)
            self._out.edit(wanted, document.file, document.line(resources), splices)
        else:
            because = (
                f"no resource has its log group, which a stack can only import: add {logical_id}LogGroup and import it"
            )
            self._out.refuse(wanted, because, document.file, document.line(resources), {f"{logical_id}LogGroup": block})
        return None

    def _variable(self, wanted: Wanted, template: Template, logical_id: str) -> None:
        """A variable becomes a dynamic reference; a value that stands there is not touched, and not shown."""
        name = wanted.setting.removeprefix("environment.")
        document = template.document
        resource = template.resource(logical_id)
        assert resource is not None
        value = reference(wanted.after)
        there = child(resource, "Properties", "Environment", "Variables", name)
        if there is not None and there.data == value:
            self._out.is_so(wanted, document.file, document.line(there))
        elif value is None or there is not None:
            because = (
                "a value stands there already: put the reference in its place"
                if there
                else "its source has no dynamic reference"
            )
            self._out.refuse(wanted, because, document.file, document.line(there or resource), value)
        else:
            self._variables.setdefault((document.file, logical_id), []).append((wanted, template, name, value))

    def _write_variables(self) -> None:
        """All new variables of a function at once: they share the block that may have to be made for them."""
        for (_file, logical_id), those in self._variables.items():
            template = those[0][1]
            document, resource = template.document, template.resource(logical_id)
            assert resource is not None
            at = child(resource, "Properties") or resource
            lead = [] if at is not resource else ["Properties"]
            there = child(at, *lead, "Environment", "Variables")
            values: dict[str, JsonValue] = {name: value for _, _, name, value in those}
            splices: list[Splice] = []
            if there is not None:
                for name, value in values.items():
                    splices += document.added(there, [name], value)
            else:
                splices = document.added(at, [*lead, "Environment", "Variables"], values)
            barred = self._tree.barred(document.file)
            for wanted, _, name, _ in those:
                if barred is not None:
                    self._out.refuse(wanted, barred, document.file, document.line(at), values[name])
                else:
                    self._out.edit(wanted, document.file, document.line(at), splices)

    # From a place to bytes.

    def _write(self, task: Task, tasks: Sequence[Task]) -> None:
        document, wanted, place = task.template.document, task.wanted, task.place
        if (because := self._tree.barred(document.file)) is not None:
            self._out.refuse(wanted, because, document.file, task.line, task.value)
        elif place is None or (task.in_globals and not self._whole(task, tasks)):
            value = task.value
            where: list[str] = list(task.own_path)
            if task.path[0] == "DeadLetterQueue" and child(task.properties, "DeadLetterQueue") is None:
                value, where = {"Type": "SQS", "TargetArn": value}, where[:-1]
            self._out.edit(
                wanted, document.file, document.line(task.properties), document.added(task.properties, where, value)
            )
        else:
            self._at(task, place, tasks)

    def _whole(self, task: Task, tasks: Sequence[Task]) -> bool:
        """Whether every function that follows ``Globals`` wants the same there."""
        if task.place is None or task.place.shared_as is not None:
            return False
        following = {
            i for i, node in task.template.resources(SERVERLESS) if child(node, "Properties", *task.path) is None
        }
        wanting = {t.logical_id for t in tasks if beside(t, task) and t.value == task.value}
        return following <= wanting

    def _at(self, task: Task, place: Place, tasks: Sequence[Task]) -> None:
        wanted, document = task.wanted, task.template.document
        also: list[str] = []
        if place.shared_as is not None:
            same = {
                f"{t.logical_id}.{t.path[0]}"
                for t in tasks
                if t.place and t.place.shared_as == place.shared_as and t.value == task.value
            }
            also = [user for user in task.template.users(place) if user not in same]
        if place.override is not None:
            file, line = place.override.file, self._tree.line(place.override.file, place.override.start)
        else:
            file, line = document.file, task.line
        if also and not self._shared:
            because = f"the value there is shared ({place.shared_as}): it also changes {', '.join(also)}"
            self._out.refuse(wanted, f"{because}; --shared writes it all the same", file, line, task.value)
            return
        if place.override is not None:
            o = place.override
            splices = [Splice(o.file, o.start, o.end, str(task.value).encode())]
        else:
            assert place.node is not None
            splices = self._spliced(task, place.node)
        self._out.edit(wanted, file, line, splices, tuple(also))

    def _spliced(self, task: Task, node: YamlNode) -> list[Splice]:
        value = task.value
        if isinstance(node.data, tuple) and isinstance(value, list):
            # Layers that are named by a reference stay as they are written: only what is new is added.
            value = [*(plain(item) for item in node.data), *value[len(node.data) :]]
        return task.template.document.replaced(node, value)
