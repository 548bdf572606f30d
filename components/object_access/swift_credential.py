"""A credential for one container of OpenStack Swift."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi_openstack as openstack
from pulumi import ComponentResource, Output, ResourceOptions

from . import _args, names
from .policies import swift


class SwiftCredentialArgs(TypedDict):
    """Inputs of `SwiftCredential`."""

    credential_name: str
    """Name among the credentials of the user who deploys. Changing it makes another one."""
    project_id: str
    """ID of the project that the container is in, 32 hexadecimal digits."""
    container_name: str
    """Name of the container, of letters, digits, "_" and "-"."""
    access: Sequence[str]
    """What may be done there, of `Access.LIST`, READ, WRITE and DELETE."""
    region: str
    """Region such as "RegionOne"."""
    roles: NotRequired[Sequence[str]]
    """Roles in the project that the credential has, a part of the user's own. Default: all."""
    expires_at: NotRequired[str]
    """End of its life such as "2027-01-31T00:00:00Z", in UTC. Default: when the user's ends."""


class SwiftCredential(ComponentResource):
    """A Keystone application credential, for clients that take one instead of a password. It is of
    the user and the project that deploy, and only for the addresses of one container.

    That keeps LIST, READ and DELETE to the container, but not WRITE: requests of Swift can name
    other containers of the project in a header or body (copies, links, manifests of large objects),
    where the rules do not look. A client that is not trusted with the rest of the project gets a
    user without a role in it, and an element in the container's `access`.

    Every change makes another credential, and the old one ends first, as names are unique: to
    rotate without an interruption make a second component."""

    credential_id: Output[str]
    """ID to log in with (`OS_APPLICATION_CREDENTIAL_ID`)."""
    secret: Output[str]
    """Secret to log in with; itself a secret of the stack."""

    def __init__(self, name: str, args: SwiftCredentialArgs, opts: ResourceOptions | None = None):
        _args.check(name, args, SwiftCredentialArgs)
        with _args.naming(name):
            credential_name = swift.check_credential_name(args["credential_name"])
            container = names.check_container_name(args["container_name"])
            rules = swift.access_rules(args["project_id"], container, args["access"])
            expires_at = args.get("expires_at")
            if expires_at is not None:
                swift.check_expiry(expires_at)
        super().__init__("object-access:index:SwiftCredential", name, None, opts)

        credential = openstack.identity.ApplicationCredential(
            name,
            name=credential_name,
            region=args["region"],
            roles=args.get("roles"),
            access_rules=[
                {"service": "object-store", "method": rule.method, "path": rule.path}
                for rule in rules
            ],
            expires_at=expires_at,
            opts=ResourceOptions(parent=self, delete_before_replace=True),
        )

        self.credential_id = credential.id
        self.secret = Output.secret(credential.secret)
        self.register_outputs({"credential_id": self.credential_id, "secret": self.secret})
