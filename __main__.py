"""What `pulumi up` and `make rehearse` run: every project of the environment."""

import pulumi

from stacks import build, settings

try:
    loaded = settings.load(pulumi.Config(), pulumi.get_stack())
except ValueError as error:
    raise pulumi.RunError(str(error)) from None
for each in loaded:
    pulumi.export(each.project.name, build.build(each))
