"""What a Swift container lets in: access control lists, pages in a browser, temporary URLs, and the
access rules of Keystone's application credentials.

Sources: Swift manual, "Access Control Lists (ACLs)", "CORS" and "TempURL"; Keystone manual,
"Application Credentials"; where they are silent, the code of Swift 2.38 and keystonemiddleware 13.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from urllib.parse import quote, urlencode

from ..names import check_container_name, check_origin
from .grants import Access

EVERYBODY = ".r:*"
"""Reading without any login."""
EVERY_USER = "*:*"
"""Everybody who can log in to the cloud, in whatever project."""
LISTINGS = ".rlistings"
"""Those whom a `.r:` element lets read may also list."""

TEMP_URL_KEYS = ("Temp-Url-Key", "Temp-Url-Key-2")
"""Metadata names of the two slots, spelt as Go spells headers. So the provider reads an account's
back, and with any other spelling it removes and sets one key by the same request."""
OWNER = "Object-Access-Owner"
"""Metadata name that says whose the temp-URL keys of an account are."""
CORS_KEYS = (
    "Access-Control-Allow-Origin",
    "Access-Control-Max-Age",
    "Access-Control-Expose-Headers",
)

# Keystone makes them: 32 hexadecimal digits, or 64 for users that live in a directory elsewhere.
_ID = r"[0-9a-f]{32}(?:[0-9a-f]{32})?"
_ELEMENT = re.compile(
    rf"(?P<one>{_ID}:(?:{_ID}|\*)|\*:{_ID})"
    r"|(?P<public>\*:\*|\.r:-?(?:\*|\.?[a-z0-9-]+(?:\.[a-z0-9-]+)*)|\.rlistings)"
    rf"|(?P<role>(?!{_ID}\Z)[A-Za-z][A-Za-z0-9_-]*)"  # a bare ID would let in nobody
)


def user(project_id: str, user_id: str) -> str:
    """The element that lets in one user, with tokens for one project."""
    return f"{project_id}:{user_id}"


def project(project_id: str) -> str:
    """The element that lets in every user with a token for the project, whatever their roles."""
    return f"{project_id}:*"


def referrer(host: str) -> str:
    """The element that lets everybody read who says to come from pages of that host; a host that
    begins with "." stands for all below it. The header is the client's own word, so it is public.
    """
    return f".r:{host}"


def acl(elements: Sequence[str], verb: Literal["read", "write"], *, public: bool = False) -> str:
    """The value of `X-Container-Read` or `X-Container-Write`; empty for no elements.

    An element is `project:user` or `project:*` by their IDs, `*:user`, or the name of a role in
    the container's own project. Names of projects and users are refused: they can be given to
    somebody else. Public ones (`.r:...`, `*:*`, `.rlistings`) need `public=True`, and `.r:` and
    `.rlistings` are for reading only. Raises ValueError.
    """
    for element in elements:
        if not isinstance(element, str) or not (found := _ELEMENT.fullmatch(element)):
            raise ValueError(
                f"{verb} ACL element {element!r} is unknown, "
                "give '<project ID>:<user ID>', '<project ID>:*' or the name of a role"
            )
        if not found["public"]:
            continue
        if verb == "write" and element.startswith(".r"):
            raise ValueError(
                f"write ACL element '{element}' is for reading only, name the users who may write"
            )
        if not public:
            raise ValueError(
                f"{verb} ACL element '{element}' lets in people whom nobody named, "
                "name users or projects, or set 'public' if that is wanted"
            )
    if LISTINGS in elements and not any(each.startswith(".r:") for each in elements):
        raise ValueError(f"read ACL element '{LISTINGS}' does nothing without a '.r:' element")
    if duplicates := {each for each in elements if elements.count(each) > 1}:
        raise ValueError(f"{verb} ACL element '{min(duplicates)}' is given twice, drop one")
    return ",".join(elements)


def is_public(value: str) -> bool:
    """Whether an ACL, in any spelling that Swift takes, lets in people whom it does not name."""
    elements = [re.sub(r"\s", "", each) for each in value.split(",")]
    return any(each == EVERY_USER or re.match(r"\.r[a-z]*:(?!-)", each) for each in elements)


def cors(
    origins: Sequence[str] = (), expose: Sequence[str] = (), max_age_seconds: int = 3_000
) -> dict[str, str]:
    """The metadata by which a container lets pages in a browser use it; without origins, the
    metadata that takes such permission away (see `metadata`).

    Swift compares whole origins: `*` alone stands for all of them, never for a part. Which methods
    and request headers a page may use cannot be said, Swift allows all of them.
    """
    for origin in origins:
        if "*" in check_origin(origin) and origin != "*":
            raise ValueError(
                f"origin '{origin}' is a pattern, which Swift does not know, "
                "name every origin, or give '*' for all"
            )
    for header in expose:
        if not re.fullmatch(r"[A-Za-z0-9-]+", header):
            raise ValueError(f"exposed header {header!r} is no name of a header, give one a line")
    if max_age_seconds < 0:
        raise ValueError(f"max_age_seconds {max_age_seconds} is negative, give 0 or more")
    if not origins:
        return dict.fromkeys(CORS_KEYS, "")
    values = (" ".join(origins), str(int(max_age_seconds)), " ".join(expose))
    return dict(zip(CORS_KEYS, values, strict=True))


def slots(keys: Sequence[str]) -> dict[str, str]:
    """The metadata that sets none, one or two temp-URL keys and clears the slots left over.

    A key that moves to the first slot when the older one is dropped stays valid throughout: both
    slots change by one request, and Swift tries both.
    """
    return dict(zip(TEMP_URL_KEYS, (*keys, "", "")[:2], strict=True))


def signature(key: str, method: str, path: str, expires: int) -> str:
    """The SHA-256 signature of a temporary URL, in hexadecimal.

    `path` begins with `/v1/` and is not percent-encoded, or is `prefix:` and such a path, for all
    objects below it. `expires` is in seconds since 1970. Swift's defaults allow SHA-256 and
    SHA-512; Ceph's manual of its Swift API names SHA-1 alone.
    """
    return hmac.new(
        key.encode(), f"{method}\n{expires}\n{path}".encode(), hashlib.sha256
    ).hexdigest()


def temp_url(key: str, method: str, path: str, expires: int, prefix: str | None = None) -> str:
    """The path and query of a temporary URL: put the store's scheme and host before it.

    `path` is `/v1/AUTH_<project>/<container>/<object>`, not percent-encoded. With a `prefix` of
    the object's name the signature serves every object that begins with it. GET includes HEAD.
    """
    signed, query = path, {}
    if prefix is not None:
        store = "/".join(path.split("/", 4)[:4])
        signed, query = f"prefix:{store}/{prefix}", {"temp_url_prefix": prefix}
    query |= {
        "temp_url_sig": signature(key, method, signed, expires),
        "temp_url_expires": str(expires),
    }
    return f"{quote(path)}?{urlencode(query)}"


def check_id(what: str, identifier: str) -> str:
    """An ID as Keystone makes them: 32 hexadecimal digits, or 64."""
    if not re.fullmatch(_ID, identifier):
        raise ValueError(
            f"{what} ID {identifier!r} is no ID, give the 32 hexadecimal digits, not the name"
        )
    return identifier


def check_credential_name(name: str) -> str:
    """A name for an application credential: 1 to 255 characters, as Keystone's schema has it."""
    if not 1 <= len(name) <= 255 or not name.isprintable():
        raise ValueError(f"credential name {name!r} is not 1 to 255 characters, change it")
    return name


def check_expiry(moment: str) -> str:
    """The end of an application credential, as Keystone gives it back: UTC, whole seconds. Any
    other spelling of the same moment would make another credential at every update."""
    try:
        parsed = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        parsed = None
    if parsed is None or parsed.strftime("%Y-%m-%dT%H:%M:%SZ") != moment:
        raise ValueError(
            f"expires_at {moment!r} is no moment in UTC, give one like '2027-01-31T00:00:00Z'"
        )
    return moment


class AccessRule(NamedTuple):
    """One request that an application credential may make."""

    method: str
    path: str


# `/*` and `/*/**` rather than `/**`: the latter matches `<container>/`, which to Swift is the
# container itself, so that whoever may put objects could make the container public.
_OBJECTS = ("/*", "/*/**")
_RULES: Mapping[Access, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Access.LIST: (("GET", "HEAD"), ("",)),
    Access.READ: (("GET", "HEAD"), _OBJECTS),
    # No POST: it changes metadata, and with `X-Delete-At` it deletes.
    Access.WRITE: (("PUT",), _OBJECTS),
    Access.DELETE: (("DELETE",), _OBJECTS),
}


def access_rules(project_id: str, container: str, access: Collection[str]) -> list[AccessRule]:
    """The rules that open one container to an application credential: list, read, write, delete.

    They say which addresses may be called, and that bounds LIST, READ and DELETE. It does not bound
    WRITE, because headers and bodies of Swift's requests name other containers of the project: with
    WRITE one can copy from there (`X-Copy-From`, links), and with DELETE too, delete there (what a
    large object's manifest names). To bound that, give a user no role in the project and name it
    in the container's ACL.
    """
    check_container_name(container)
    # keystonemiddleware makes a regular expression of the path and escapes nothing: a dot would
    # open neighbours, and a `|` everything.
    if found := re.search(r"[^A-Za-z0-9_-]", container):
        raise ValueError(
            f"container name {container!r} has {found[0]!r}, which access rules take for a "
            "pattern, use a container of letters, digits, '_' and '-'"
        )
    check_id("project", project_id)
    if not access:
        raise ValueError("a credential without access can do nothing, name at least one verb")
    if unknown := sorted(set(access) - set(_RULES)):
        raise ValueError(
            f"access '{unknown[0]}' is not for Swift, use some of {', '.join(sorted(_RULES))}"
        )
    root = f"/v1/AUTH_{project_id}/{container}"
    return [
        AccessRule(method, root + end) for verb in _RULES if verb in access
        for end in _RULES[verb][1] for method in _RULES[verb][0]
    ]  # fmt: skip


def metadata(*parts: Mapping[str, str]) -> dict[str, str]:
    """All metadata that a component owns, in one mapping: what is not wanted stands in it, empty.

    The provider sends the metadata that the program has, and never that something was dropped; it
    does not read metadata back either. So a name that merely disappears from the program stays in
    the store, with its permission. An empty value is what Swift takes for removal: a dropped
    setting changes from its value to "", the provider sees a change and sends it. When a container
    is created, empty values do nothing; in one that exists they clear what was left over. Tried
    with the provider's own code on Swift 2.38: so it goes, and left out of the mapping it stays.
    """
    return {key: value for part in parts for key, value in part.items()}


def owner(project: str, stack: str, name: str) -> str:
    """What `OWNER` says of a component of this name in a stack of Pulumi's."""
    return f"{project}/{stack}/{name}"


def check_account(found: Mapping[str, str], owned_by: str, *, adopt: bool = False) -> None:
    """Refuse an account whose metadata is not `owned_by`'s alone, for whom `OWNER` stands in it.

    An account is shared by a whole project, and the provider takes its metadata as one thing: it
    removes names that the program does not know. `adopt` takes over temp-URL keys that somebody
    else set, whose URLs then end. Raises ValueError with the ways out.
    """
    held = {key.title(): value for key, value in found.items() if value}
    if others := sorted(set(held) - {*TEMP_URL_KEYS, OWNER, "Quota-Bytes"}):
        raise ValueError(
            f"the account has metadata '{others[0]}', which Pulumi's provider would remove, "
            "use a key of the container instead"
        )
    if set(held) & set(TEMP_URL_KEYS) and held.get(OWNER) != owned_by and not adopt:
        whose = held.get(OWNER, "somebody else")
        raise ValueError(
            f"the account has a temp-URL key of {whose}, whose URLs would end, "
            "use a key of the container instead, or take it over with 'adopt'"
        )
