"""What `pulumi up` and `make rehearse` run: every project of the environment, each by its stack."""

import pulumi

from stacks import registry, settings

for project in settings.load(pulumi.Config(), pulumi.get_stack()):
    pulumi.export(project.name, registry.build(project))
