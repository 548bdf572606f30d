"""What `pulumi up` and `make rehearse` run: every project of the environment."""

import gc
from pathlib import Path

import pulumi

from stacks import build, look, settings

if __name__ == "__main__":
    # Pulumi's own process, where almost nothing becomes garbage: with a thousand projects half of
    # the time would go into looking for it. Whoever else runs the program keeps a collector as is.
    gc.freeze()
    gc.set_threshold(100_000)
try:
    config = pulumi.Config()
    if config.get("never") or config.get("always"):
        from object_access.access import invariants  # which nothing else in here needs

        invariants.hold(Path(__file__).parent, pulumi.get_stack())
    loaded = settings.load(config, pulumi.get_stack())
    look.check([each.project for each in loaded])
    for each in loaded:
        pulumi.export(each.project.name, build.build(each))
except ValueError as error:  # a setting, or what is found when the cloud is looked at
    raise pulumi.RunError(str(error)) from None
