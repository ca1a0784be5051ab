"""The root modules below a source's folder, each with the state that it is deployed as."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.files import Tree
from lambda_tailor.writeback.terraform.configuration import Modules, roots
from lambda_tailor.writeback.terraform.parser import require
from lambda_tailor.writeback.terraform.state import State, loads
from lambda_tailor.writeback.terraform.variables import automatic, given
from lambda_tailor.writeback.terraform.world import World

_WORKSPACES = "terraform.tfstate.d"
# A backend may be far away; the program says by itself when it cannot be reached.
_SHOW_WITHIN_S = 120


def worlds(tree: Tree, state: Path | None, var_files: Sequence[Path] = ()) -> list[World]:
    """Every root module, those without a state with an empty one: they may share modules with the others.

    Raises BadInput where the state file named is none, or fits no root module or several.
    """
    require()
    modules = Modules(tree)
    folders = roots(modules)
    if not folders:
        return []
    if state is not None:
        found = [_fitting(modules, folders, _load(state), state, var_files)]
    else:
        found = [world for folder in folders for world in _own(modules, folder, var_files)]
    known = {world.root for world in found}
    found += [_world(modules, folder, State(), ()) for folder in folders if folder not in known]
    several = len(found) > 1
    return [_labelled(world, tree) for world in found] if several else found


def _labelled(world: World, tree: Tree) -> World:
    workspace = "" if world.state.workspace == "default" else f"[{world.state.workspace}]"
    return replace(world, label=f"{tree.key(world.root)}{workspace}: ", _scopes={})


def _load(path: Path) -> State:
    if not path.is_file():
        raise BadInput(f"{path} is no file: make it with: terraform state pull > {path.name}")
    return loads(path.read_bytes(), str(path))


def _own(modules: Modules, folder: Path, var_files: Sequence[Path]) -> Iterator[World]:
    """A folder's own states: of the default workspace and the others, else what the program shows."""
    own = folder / "terraform.tfstate"
    named = sorted(folder.glob(f"{_WORKSPACES}/*/terraform.tfstate"))
    for path in [own, *named]:
        if path.is_file() and path.stat().st_size:
            state = _load(path)
            state.workspace = "default" if path == own else path.parent.name
            yield _best(modules, folder, state, var_files)
    if not own.is_file() and not named and (shown := _shown(folder)) is not None:
        yield _best(modules, folder, shown, var_files)


def _shown(folder: Path) -> State | None:
    """``terraform show -json``, where the program is there and the folder is initialised."""
    program = shutil.which("terraform") or shutil.which("tofu")
    if program is None or not (folder / ".terraform").is_dir():
        return None
    try:
        run = subprocess.run(
            [program, "show", "-json"], cwd=folder, capture_output=True, timeout=_SHOW_WITHIN_S, check=False
        )
        document = json.loads(run.stdout) if run.returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    return loads(run.stdout, f"{Path(program).name} show") if isinstance(document, dict) else None


def _world(modules: Modules, folder: Path, state: State, var_files: Sequence[Path]) -> World:
    problems: list[str] = []
    values = given(modules.tree, folder, var_files, problems)
    return World(modules, folder, state, values, var_files=tuple(var_files), problems=tuple(problems))


def _best(modules: Modules, folder: Path, state: State, var_files: Sequence[Path]) -> World:
    """With the variable files named, else with the one that gives what is deployed, if any does better than none."""
    plain = _world(modules, folder, state, var_files)
    if var_files:
        return plain
    loaded = set(automatic(folder))
    below = [p for pattern in ("*.tfvars", "*.tfvars.json") for p in sorted(folder.rglob(pattern))]
    others = [p for p in dict.fromkeys(below) if p not in loaded and ".terraform" not in p.parts]
    if not others:
        return plain
    tried = [plain]
    for path in others:
        tried.append(_world(modules, folder, state, (path,)))
    return max(tried, key=_fit)


def _fit(world: World) -> int:
    """How many attributes of functions the configuration says just as they are deployed."""
    fitting = 0
    for instance in world.state.functions():
        scope = world.scope(instance.module)
        block = scope.module.resources.get((instance.type, instance.name)) if scope is not None else None
        if scope is None or block is None:
            continue
        evaluator = scope.evaluator_of(block, instance.key)
        fitting += 1
        for name in ("function_name", "memory_size", "timeout", "handler", "runtime"):
            attribute = block.attributes.get(name)
            if attribute is not None and evaluator(attribute.expression).plain() == instance.attributes.get(name):
                fitting += 1
    return fitting


def _fitting(modules: Modules, folders: Sequence[Path], state: State, path: Path, var_files: Sequence[Path]) -> World:
    """The root module that a state belongs to: the one in whose folder it lies, else the one that says what it has."""
    for folder in folders:
        if path.resolve().parent == folder or path.resolve().parent.parent.parent == folder:
            return _best(modules, folder, state, var_files)
    fits = [(_fit(world), world) for folder in folders for world in (_best(modules, folder, state, var_files),)]
    most = max(fit for fit, _ in fits)
    best = [world for fit, world in fits if fit == most]
    if len(best) > 1 and most:
        names = ", ".join(modules.tree.key(world.root) for world in best)
        raise BadInput(f"The state fits several root modules ({names}): give the folder of one with --source.")
    return best[0]
