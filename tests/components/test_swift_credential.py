"""SwiftCredential: for one container, and its secret is one."""

import pytest

from object_access import SwiftCredential
from object_access.policies.grants import Access

PROJECT = "2" * 32
ARGS = {
    "credential_name": "reader",
    "project_id": PROJECT,
    "container_name": "my-project-data",
    "access": [Access.LIST],
    "region": "RegionOne",
}


def outputs_of(credential):
    """The outputs of a credential."""
    return {"credential_id": credential.credential_id, "secret": credential.secret}


def test_a_credential_with_its_rules(declare, paper):
    """One rule for each method and address; all roles, no end of its own."""
    outputs = declare(lambda: outputs_of(SwiftCredential("vision", ARGS)))

    path = f"/v1/AUTH_{PROJECT}/my-project-data"
    assert paper.kinds() == ["ApplicationCredential"]
    assert paper.one("ApplicationCredential") == {
        "name": "reader",
        "region": "RegionOne",
        "accessRules": [
            {"service": "object-store", "method": "GET", "path": path},
            {"service": "object-store", "method": "HEAD", "path": path},
        ],
    }
    assert outputs == {
        "credential_id": ("credential-vision", False),
        "secret": ("secret-of-vision", True),
    }


def test_roles_and_an_end(declare, paper):
    """Both narrow it."""
    narrow = ARGS | {"roles": ["member"], "expires_at": "2027-01-31T00:00:00Z"}
    declare(lambda: SwiftCredential("vision", narrow) and None)

    made = paper.one("ApplicationCredential")
    assert (made["roles"], made["expiresAt"]) == (["member"], "2027-01-31T00:00:00Z")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"credential_name": ""}, "not 1 to 255 characters"),
        ({"project_id": "rehearsal"}, "is no ID"),
        ({"container_name": "my.data"}, "take for a pattern"),
        ({"container_name": "a/b"}, "has a '/'"),
        ({"access": []}, "name at least one verb"),
        ({"access": [Access.MULTIPART]}, "'multipart' is not for Swift"),
        ({"expires_at": "tomorrow"}, "is no moment in UTC"),
        ({"expiry": "x"}, "unknown input 'expiry'"),
    ],
)
def test_bad_input_is_refused_before_anything_is_declared(declare, paper, change, message):
    """The message names the component; nothing was registered."""
    with pytest.raises((ValueError, TypeError)) as refused:
        declare(lambda: SwiftCredential("vision", ARGS | change) and None)

    assert message in str(refused.value)
    assert str(refused.value).startswith("vision: ")
    assert paper.declared == []
    assert paper.components == []
