"""What Pulumi's engine is given of a project that it rehearses."""

import pytest
import yaml

from object_access.rehearsal import engine
from object_access.workspace import Workspace

SALT = "v1:abc:v1:def"
ENCRYPTED = {"object-access:environment": {"projects": {"a": {"kind": {"secure": "v1:x"}}}}}


@pytest.mark.parametrize(
    ("config", "salted"), [({"object-access:environment": {}}, False), (ENCRYPTED, True)]
)
def test_a_passphrase_s_salt_is_left_where_it_is(tmp_path, config, salted):
    """It would be of another passphrase than the rehearsal's own: "incorrect passphrase". But for
    settings that are encrypted, which need it."""
    project, folder = tmp_path / "project", tmp_path / "beside"
    project.mkdir()
    folder.mkdir()
    (project / "Pulumi.yaml").write_text("name: mine\nruntime: python\n")
    (project / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"encryptionsalt": SALT, "config": {}}))

    engine._beside(Workspace.at(project), folder, "dev", config)

    written = yaml.safe_load((folder / "Pulumi.dev.yaml").read_text())
    assert written == {"config": config} | ({"encryptionsalt": SALT} if salted else {})
