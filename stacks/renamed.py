"""A project under a new name, whose components are those of the former ones."""

from pulumi import Alias, ResourceOptions

from .projects import Project


def options(project: Project, holder: str = "") -> ResourceOptions | None:
    """The options of the component of a holder, or of the bucket or container, by which the engine
    knows it again; what is in the component follows."""
    _, *before = project.called(holder)
    return ResourceOptions(aliases=[Alias(name=each) for each in before]) if before else None
