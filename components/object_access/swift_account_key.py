"""The temp-URL key of a whole account of OpenStack Swift."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_openstack as openstack
from pulumi import ComponentResource, Input, Output, ResourceOptions

from . import _args, _temp_urls, names
from .policies import swift


class SwiftAccountKeyArgs(TypedDict):
    """Inputs of `SwiftAccountKey`."""

    project_id: str
    """ID of the project whose account it is, 32 hexadecimal digits."""
    region: str
    """Region such as "RegionOne"."""
    keys: NotRequired[Sequence[str]]
    """Names of the temp-URL keys; the last one is handed over. To rotate without an interruption
    add a second name, apply, move the consumer over, drop the first name, apply. Default: one key
    named "key"."""
    after: NotRequired[Input[str]]
    """Name of a container of the account that must be there first. Default: none, and the account
    must have been used, for Pulumi's provider cannot look at one that never was."""
    adopt: NotRequired[bool]
    """Take over an account that has keys of somebody else, whose URLs then end. Default: False."""


class SwiftAccountKey(ComponentResource):
    """A key that signs temporary URLs for every container of a project, and whole large objects
    wherever their segments lie. All users of the project share it, one stack owns it, and with
    the stack it goes. Where one container is enough, `SwiftContainer` has keys of its own."""

    temp_url_key: Output[str]
    """The last key, 32 letters and digits; itself a secret of the stack."""

    def __init__(self, name: str, args: SwiftAccountKeyArgs, opts: ResourceOptions | None = None):
        _args.check(name, args, SwiftAccountKeyArgs)
        with _args.naming(name):
            project_id = swift.check_id("project", args["project_id"])
            keys = names.check_keys(args.get("keys", ["key"]), least=1)
        super().__init__("object-access:index:SwiftAccountKey", name, None, opts)
        owner = swift.owner(pulumi.get_project(), pulumi.get_stack(), name)
        # The provider marks nothing secret, and `headers` repeats the keys.
        hidden = ["metadata", "headers"]

        # With the container's the ID is not known before: an account that was never used answers as
        # the provider does not expect, and exists with its first container.
        after = Output.from_input(args.get("after"))
        before = openstack.objectstorage.AccountV1.get(
            f"{name}-before",
            after.apply(lambda _: project_id),
            region=args["region"],
            opts=ResourceOptions(parent=self, additional_secret_outputs=hidden),
        )

        secrets = _temp_urls.make(name, keys, self)

        def checked(all_of_it: Sequence[Any]) -> Mapping[str, Input[str]]:
            found, *made = all_of_it
            with _args.naming(name):
                swift.check_account(found or {}, owner, adopt=args.get("adopt", False))
            return swift.metadata(swift.slots(made), {swift.OWNER: owner})

        metadata: Output[Mapping[str, Input[str]]] = Output.secret(
            Output.all(before.metadata, *secrets).apply(checked)
        )
        account = openstack.objectstorage.AccountV1(
            name,
            project_id=project_id,
            region=args["region"],
            metadata=metadata,
            opts=ResourceOptions(parent=self, additional_secret_outputs=hidden),
        )

        self.temp_url_key = _temp_urls.last(secrets, account.id)
        self.register_outputs({"temp_url_key": self.temp_url_key, "keys": list(keys)})
