"""What `pulumi up` and `make rehearse` run: every project of the environment."""

import pulumi

from stacks import build, settings

try:
    for each in settings.load(pulumi.Config(), pulumi.get_stack()):
        pulumi.export(each.project.name, build.build(each))
except ValueError as error:  # a setting, or what is found when the cloud is looked at
    raise pulumi.RunError(str(error)) from None
