"""The components for TypeScript, Go, C#, Java and YAML: `pulumi package add` reads their schema.

All but `CompatibleBucket`: its provider is a part of a Python program, which Pulumi cannot run
for a program in another language.
"""

from importlib.metadata import version

from pulumi import ComponentResource
from pulumi.provider.experimental import component_provider_host

import object_access

COMPONENTS = [
    each
    for each in (getattr(object_access, name) for name in object_access.__all__)
    if isinstance(each, type)
    and issubclass(each, ComponentResource)
    and each is not object_access.CompatibleBucket
]

if __name__ == "__main__":
    component_provider_host(COMPONENTS, "object-access", version=version("object-access"))
