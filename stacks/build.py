"""From a checked project to what it declares and hands over."""

from importlib import import_module
from typing import Any

from object_access.handover.model import Cors, Form, Place, exported

from .consumers import Paste
from .projects import PipelineProject, Project, S3Project, SwiftProject
from .settings import Loaded

_KINDS = {
    "CompatibleProject": "compatible",
    "PipelineProject": "pipeline",
    "S3Project": "s3",
    "SwiftProject": "swift",
}


def build(loaded: Loaded) -> dict[str, Any]:
    """Declare everything the project needs; returns its hand-over, which a program exports."""
    project, paste = loaded.project, loaded.paste
    # Only the kinds in use are imported: each brings the SDK of its cloud.
    kind = import_module(f".{_KINDS[type(project).__name__]}", __package__)
    where, holders = kind.build(project)
    return {
        "consumer": project.consumer,
        "where": where,
        "places": {
            name: exported(
                Place,
                prefix=each.prefix,
                keys=list(each.keys),
                access=[str(verb) for verb in each.access],
                exact=each.exact,
            )
            for name, each in project.places.items()
        },
        "holders": {
            name: {"how": how, "places": list(_places(project, name))}
            for name, how in holders.items()
        },
        "cors": _cors(project),
        "form": kind.form(project) if isinstance(project, PipelineProject) else _form(paste),
    }


def _form(paste: Paste | None) -> dict[str, Any]:
    if paste is None:
        return exported(Form)
    return exported(
        Form,
        destination=paste.form.destination,
        fields=dict(paste.form.fields),
        variables=paste.form.variables,
        files=dict(paste.form.files),
        next=paste.next,
        settings=dict(paste.settings),
    )


def _places(project: Project, holder: str) -> list[str]:
    return list(project.holders[holder].places or project.places)


def _cors(project: Project) -> list[dict[str, Any]]:
    if isinstance(project, S3Project):
        return [
            exported(
                Cors,
                origins=list(each.origins),
                methods=list(each.methods),
                headers=list(each.headers),
                expose=list(each.expose),
            )
            for each in project.cors
        ]
    if isinstance(project, SwiftProject) and project.origins:
        methods = ["GET", "HEAD", "PUT", "POST", "DELETE"]
        return [exported(Cors, origins=list(project.origins), methods=methods)]
    return []
