"""What CI needs: the bucket of the state, and for each environment a key, a boundary, two roles."""

from typing import Any

from object_access import DeployedArgs, Pipeline
from object_access.handover import model

from . import renamed
from .projects import PipelineProject, Runner

Exported = dict[str, Any]


def build(project: PipelineProject) -> tuple[Exported, dict[str, Exported]]:
    """Declare it; returns where the state is, and how the jobs of CI get in."""
    made = Pipeline(
        project.name,
        {
            "bucket_name": project.bucket,
            "region": project.region,
            "program": project.program,
            "issuer": {
                "host": project.issuer,
                "audience": project.audience,
                "adopt": project.adopt_provider,
            },
            "environments": {name: _deployed(project, name) for name in project.environments},
            "people": project.people,
            "wide_subjects": project.wide_subjects,
            "removal": project.removal,
            "tags": project.tags,
        },
        renamed.options(project),
    )
    where = model.exported(model.S3, bucket=made.bucket_name, region=project.region)
    return where, {name: _runner(project, each, made) for name, each in project.holders.items()}


def _deployed(project: PipelineProject, name: str) -> DeployedArgs:
    return {
        "own": project.own(name),
        "names": project.names_of(name),
        "previews": project.subjects(name, deploys=False),
        "deploys": project.subjects(name, deploys=True),
        "removes_objects": project.environments[name].removes_objects,
    }


def _runner(project: PipelineProject, runner: Runner, made: Pipeline) -> Exported:
    name = runner.deployed
    roles = made.deploying_roles if runner.deploys else made.reading_roles
    return model.exported(
        model.Runner,
        role_arn=roles[name],
        provider=roles[name].apply(
            lambda arn: f"{arn.partition(':role/')[0]}:oidc-provider/{project.issuer}"
        ),
        subjects=list(project.subjects(name, deploys=runner.deploys)),
        audience=project.audience,
        environment=name,
        deploys=runner.deploys,
        names=list(project.names_of(name)),
        boundary=made.boundaries[name],
        key=made.keys[name],
        strangers=_strangers(project, name, deploys=runner.deploys),
    )


def _strangers(project: PipelineProject, name: str, *, deploys: bool) -> dict[str, str]:
    """Subjects whom a role must not let in, by what they are: of other repositories, and of this
    one for something else, unless patterns say that these are meant."""
    own, of = project.subjects(name, deploys=deploys), project.github or project.gitlab
    exact = own[0].replace("*", "x").replace("?", "x")
    found = {"another owner's": exact.replace(of, f"x{of}", 1)}
    if not project.wide_subjects:
        found["another repository"] = exact.replace(of, f"{of}-2", 1)
        found["a job that previews" if deploys else "a job that deploys"] = project.subjects(
            name, deploys=not deploys
        )[0]
        if project.github:
            found["a pull request"] = f"repo:{of}:pull_request"
            found["a branch"] = f"repo:{of}:ref:refs/heads/main"
        else:
            found["another branch"] = f"project_path:{of}:ref_type:branch:ref:object-access-check"
    return {what: subject for what, subject in found.items() if subject not in own}


# --- what is pasted ---


def form(project: PipelineProject) -> Exported:
    """What goes into CI's settings, and into the files of the environments. None of it is secret:
    the roles let in whose token says so."""
    listed = ", ".join(f'"{name}"' for name in project.environments)
    fields = {
        "Variable ENVIRONMENTS": f"[{listed}]",
        "Variable PULUMI_BACKEND_URL": "s3://{bucket}?region={region}",
        "Variable AWS_REGION": "{region}",
    }
    for name in project.environments:
        fields |= _of_github(name) if project.github else _of_gitlab(name)
        fields[f"{name}: once, by one of your people"] = (
            f'pulumi stack init {name} --secrets-provider "awskms://alias/{project.own(name)}'
            '?region={region}"'
        )
    return model.exported(
        model.Form,
        destination="the settings of CI, and the environments' files",
        fields=fields | _lines(project),
    )


def _of_github(name: str) -> dict[str, str]:
    reads = f"{{{name}-previews.role_arn}}"
    return {
        f"Environment {name}-preview: AWS_ROLE": reads,
        f"Environment {name}-drift: AWS_ROLE": reads,
        f"Environment {name}: AWS_ROLE": f"{{{name}-deploys.role_arn}}",
    }


def _of_gitlab(name: str) -> dict[str, str]:
    return {
        f"Variable AWS_ROLE, environment {name}-preview": f"{{{name}-previews.role_arn}}",
        f"Variable AWS_ROLE, environment {name}, protected": f"{{{name}-deploys.role_arn}}",
    }


def _lines(project: PipelineProject) -> dict[str, str]:
    """What stands in the files of the environments, so that what they make is what the role that
    deploys may make."""
    fields = {}
    for name, deployed in project.environments.items():
        fields[f"Pulumi.{name}.yaml: boundary"] = f"{{{name}-deploys.boundary}}"
        if not deployed.names:
            [prefix] = project.names_of(name)
            fields[f"Pulumi.{name}.yaml: prefix"] = prefix
    return fields
