"""A program on a real cloud, without an engine."""

import pulumi

from object_access.rehearsal import provision
from object_access.rehearsal.stack import plain


class Created(pulumi.runtime.Mocks):
    """Creates whatever is declared, and reads whatever is read."""

    def __init__(self, cloud):
        self._cloud = cloud

    def new_resource(self, args):
        inputs = plain(args.inputs)
        if args.resource_id:
            found = provision.read(self._cloud, args.typ, args.resource_id, inputs, {})
            assert found is not None
            return args.resource_id, found[0]
        return provision.create(self._cloud, args.typ, inputs) if args.custom else (None, inputs)

    def call(self, args):
        return provision.function(self._cloud, args.token), []
