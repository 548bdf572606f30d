"""A container of OpenStack Swift."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi_openstack as openstack
from pulumi import ComponentResource, Input, Output, ResourceOptions

from . import _args, _buckets, _temp_urls, names
from ._buckets import Removal
from .policies import swift


class SwiftCorsArgs(TypedDict):
    """Which pages in a browser may use the container; Swift allows them every method."""

    origins: Sequence[str]
    """Origins such as "https://app.example.com", or "*" for every page."""
    expose: NotRequired[Sequence[str]]
    """Response headers that the page may read besides the usual ones and ETag. Default: none."""
    max_age_seconds: NotRequired[int]
    """How long a browser may remember the answer. Default: 3000."""


class SwiftAccessArgs(TypedDict):
    """Who reaches the container besides the project's own operators: elements such as
    "<project ID>:<user ID>", "<project ID>:*" or the name of a role."""

    read: NotRequired[Sequence[str]]
    """Who may list the container and read its objects. Default: nobody else."""
    write: NotRequired[Sequence[str]]
    """Who may write and delete objects. Default: nobody else."""
    public: NotRequired[bool]
    """Allow elements that let in people whom nobody named: ".r:*", "*:*". Default: False."""


class SwiftContainerArgs(TypedDict):
    """Inputs of `SwiftContainer`."""

    container_name: str
    """Name in the project, up to 256 bytes, without "/". Changing it makes another container."""
    region: str
    """Region such as "RegionOne"."""
    cors: NotRequired[SwiftCorsArgs]
    """Pages that may use the container. Default: no page may."""
    access: NotRequired[SwiftAccessArgs]
    """Access control lists for reading and writing. Default: only the project's own operators."""
    keys: NotRequired[Sequence[str]]
    """Names of its temp-URL keys; the last one is handed over. To rotate without an interruption
    add a second name, apply, move the consumer over, drop the first name, apply. Ceph's Swift API
    ignores keys of containers: give [] there, and use a `SwiftAccountKey`. Default: one key named
    "key"."""
    versioning: NotRequired[bool]
    """Keep overwritten and deleted objects, until somebody deletes those too. Needs Swift 2.24 and
    its operator's consent (`allow_object_versioning`). Default: False."""
    removal: NotRequired[Removal]
    """Whether the container may be deleted: never ("keep"), when it is empty ("empty"), with its
    objects ("destroy"), or never though Pulumi lets go of it ("leave"). A change must be applied
    before the deletion. Default: keep."""


class SwiftContainer(ComponentResource):
    """A container with a temp-URL key of its own, or two while the key is being rotated.

    Temporary URLs signed with a container's key reach that container alone. So they cannot read a
    large object whose segments lie in another one: upload segments into the same container (swift
    upload --segment-container), or sign with the account's key."""

    container_name: Output[str]
    """Name of the container; known once it exists with all its settings."""
    temp_url_key: Output[str]
    """The last key, 32 letters and digits, or empty if there is none; a secret of the stack."""

    def __init__(self, name: str, args: SwiftContainerArgs, opts: ResourceOptions | None = None):
        _args.check(name, args, SwiftContainerArgs)
        cors_args = args.get("cors", SwiftCorsArgs(origins=[]))
        access = args.get("access", SwiftAccessArgs())
        _args.check(f"{name}-cors", cors_args, SwiftCorsArgs)
        _args.check(f"{name}-access", access, SwiftAccessArgs)
        public = access.get("public", False)
        with _args.naming(name):
            container_name = names.check_container_name(args["container_name"])
            keys = names.check_keys(args.get("keys", ["key"]), least=0)
            cors = swift.cors(**cors_args)
            read = swift.acl(access.get("read", []), "read", public=public)
            write = swift.acl(access.get("write", []), "write", public=public)
            removal = _buckets.removal(args)
        super().__init__("object-access:index:SwiftContainer", name, None, opts)

        secrets = _temp_urls.make(name, keys, self)
        metadata: Output[Mapping[str, Input[str]]] = Output.secret(
            Output.all(*secrets).apply(lambda made: swift.metadata(cors, swift.slots(made)))
        )
        container = openstack.objectstorage.Container(
            name,
            name=container_name,
            region=args["region"],
            container_read=read,
            container_write=write,
            metadata=metadata,
            versioning=args.get("versioning", False),
            force_destroy=removal is Removal.DESTROY,
            opts=_buckets.holding(
                self,
                removal,
                # The provider marks nothing secret, and does nothing at all when the name changes.
                additional_secret_outputs=["metadata"],
                replace_on_changes=["name"],
            ),
        )

        self.container_name = container.id.apply(lambda _: container_name)
        self.temp_url_key = _temp_urls.last(secrets, container.id)
        self.register_outputs(
            {
                "container_name": self.container_name,
                "temp_url_key": self.temp_url_key,
                "keys": list(keys),
                "removal": str(removal),
            }
        )
