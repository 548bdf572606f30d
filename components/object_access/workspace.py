"""The folder of a Pulumi program: its project file, its environments, and YAML read strictly."""

import sys
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

KEY = "object-access:environment"
# What Pulumi reads of an environment's file ("Stack settings file", Pulumi's documentation).
_TOP = frozenset({"config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider"})


@dataclass(frozen=True)
class Workspace:
    """A Pulumi program that is rehearsed, reported on or handed over from."""

    folder: Path

    @classmethod
    def at(cls, folder: str | Path = ".") -> "Workspace":
        """The program in this folder or the nearest one above it, as Pulumi looks for it.

        Raises ValueError where there is no `Pulumi.yaml`.
        """
        start = Path(folder).resolve()
        for each in (start, *start.parents):
            if (each / "Pulumi.yaml").is_file():
                return cls(each)
        raise ValueError(
            f"there is no Pulumi.yaml in {start} or above it: go to the folder of your program, or "
            "name it with --program"
        )

    @cached_property
    def project(self) -> Mapping[str, Any]:
        """What `Pulumi.yaml` says."""
        return read_yaml(self.folder / "Pulumi.yaml", self.folder)

    @property
    def name(self) -> str:
        """The name of the Pulumi project."""
        return str(self.project.get("name", self.folder.name))

    @property
    def main(self) -> Path:
        """The file that `pulumi up` runs."""
        return self.folder / str(self.project.get("main", ".")) / "__main__.py"

    @property
    def environments(self) -> Path:
        """The folder of the environments' files."""
        return self.folder / str(self.project.get("stackConfigDir", "."))

    def file_of(self, environment: str) -> Path:
        """Where an environment's settings stand, whether or not they are there."""
        return self.environments / f"Pulumi.{environment}.yaml"

    def known(self) -> list[str]:
        """The names of the environments, sorted."""
        return sorted(
            file.name.removeprefix("Pulumi.").removesuffix(".yaml")
            for file in self.environments.glob("Pulumi.*.yaml")
        )

    def choose(self, environment: str) -> str:
        """The environment that is named or, where none is, the only one that there is.

        A program that has no `stacks/` and no file of a stack is tried as the stack `dev`. Raises
        ValueError where there are several to choose from, or none.
        """
        if environment:
            return environment
        known = self.known()
        if len(known) == 1:
            return known[0]
        if not known and not self.has_kinds:
            return "dev"
        if not known:
            raise ValueError("there is no environment yet, 'object-access new' writes one")
        raise ValueError(f"which environment? Name one with -e: {', '.join(known)}")

    @property
    def has_kinds(self) -> bool:
        """Whether its environments' files name projects of ours, as `stacks/` reads them. Any other
        program's resources are known only once it runs."""
        self.importable()
        try:
            return find_spec("stacks.settings") is not None
        except ModuleNotFoundError:
            return False

    def mentions(self, word: str) -> bool:
        """Whether the word stands in a module of the program, beside or below its main one."""
        files = self.main.parent.rglob("*.py")
        return any(
            word in file.read_text("utf-8", "replace")
            for file in files
            if not {"venv", ".venv", "node_modules"} & {*file.relative_to(self.folder).parts}
        )

    def importable(self) -> None:
        """Let the program's own modules be imported, as they are when it runs."""
        if (folder := str(self.main.parent)) not in sys.path:
            sys.path.insert(0, folder)

    def module(self, name: str) -> Any:
        """A module of the program's own `stacks`. Raises ValueError where it has none."""
        self.importable()
        try:
            return import_module(f"stacks.{name}")
        except ModuleNotFoundError as error:
            if error.name not in {"stacks", f"stacks.{name}"}:
                raise
            raise ValueError(
                f"the program in {self.folder} has no stacks/{name}, which a copy of Object Access "
                "has: go there, or name it with --program"
            ) from None

    def config_of(self, environment: str) -> dict[str, Any]:
        """The configuration that an environment's file sets.

        Nothing where a program without `stacks/` has no such file at all. Raises ValueError for an
        environment that does not exist, or whose file cannot be read.
        """
        path = self.file_of(environment)
        known = self.known()
        if not known and not self.has_kinds:
            return {}
        if environment not in known:
            there = f"there are {', '.join(known)}" if known else "there is none"
            raise ValueError(
                f"environment '{environment}' does not exist, {there}; 'object-access new' or you "
                f"write {path.relative_to(self.folder)} for a new one"
            )
        body = read_yaml(path, self.folder)
        if unknown := sorted(map(str, body.keys() - _TOP)):
            raise ValueError(
                f"{path.relative_to(self.folder)}: '{unknown[0]}' is unknown there, Pulumi reads "
                f"{', '.join(sorted(_TOP))}: settings stand below 'config'"
            )
        config = body.get("config") or {}
        if not isinstance(config, dict):
            raise ValueError(f"{path.relative_to(self.folder)}: 'config' must be a mapping")
        return dict(config)


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice: YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for each, _ in node.value:
            if each.tag == "tag:yaml.org,2002:merge":  # `<<`, which brings keys of its own
                continue
            key: Any = self.construct_object(each, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"'{key}' stands twice, keep one of the two",
                    problem_mark=each.start_mark,
                )
            seen.add(key if isinstance(key, Hashable) else repr(key))
        return super().construct_mapping(node, deep)


# A date stays the text that it is, as in Pulumi's own reading of these files.
_Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in listed if not tag.endswith(":timestamp")]
    for sign, listed in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path, root: Path | None = None) -> dict[str, Any]:
    """The mapping that a YAML file holds; `root` is what its name is told without.

    Raises ValueError with one line, the file's name and the line in it, for what is no such file.
    """
    shown = path.relative_to(root) if root else path
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ValueError(f"{shown} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{shown} is not UTF-8, save it in that encoding") from None
    return parse_yaml(text, str(shown))


def parse_yaml(text: str, shown: str) -> dict[str, Any]:
    """The mapping that a YAML text holds, which is told of as `shown`."""
    try:
        body = yaml.load(text, _Loader)  # noqa: S506 a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{shown}:{mark.line + 1}" if mark else shown
        problem = error.problem or "this is no YAML"
        if "'\\t'" in problem:
            problem = "a tab, indent with spaces"
        raise ValueError(f"{where}: {problem}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{shown}: {str(error).splitlines()[0]}") from None
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise ValueError(f"{shown} must hold a mapping of 'key: value' lines, not {body!r:.40}")
    return body


class _Dumper(yaml.SafeDumper):
    """Puts texts in quotes that other readers of YAML may take for numbers, as `12e4`."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style=None if text[:1].isalpha() else '"'
    ),
)


class _Block(dict[str, Any]):
    """A mapping with a line for each key."""


def _is_inner(value: Any) -> bool:
    """Whether nothing in it is a mapping: it stands on one line."""
    parts = [*value.values()] if isinstance(value, dict) else value
    inside = [each for part in parts for each in (part if isinstance(part, list) else [part])]
    return not any(isinstance(each, dict) for each in inside)


_Dumper.add_representer(
    list,
    lambda dumper, items: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", items, flow_style=_is_inner(items)
    ),
)
_Dumper.add_representer(
    dict,
    lambda dumper, items: dumper.represent_mapping(
        "tag:yaml.org,2002:map", items, flow_style=_is_inner(items)
    ),
)
_Dumper.add_representer(
    _Block,
    lambda dumper, items: dumper.represent_mapping(
        "tag:yaml.org,2002:map", items, flow_style=False
    ),
)


def yaml_lines(key: str, value: Any) -> list[str]:
    """The lines of a setting as our commands write it; its innermost lists and mappings on a line
    each."""
    return yaml.dump(
        _Block({key: value}),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=1_000,
    ).splitlines()
