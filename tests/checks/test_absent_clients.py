"""Who installs `object-access[rehearsal]` alone has no clients of consumers: said, never green."""

import pytest

from object_access.checks import clients as module
from object_access.checks.check import NotTried
from object_access.checks.clients import Clients
from object_access.checks.target import Target
from object_access.handover.model import S3, Handover

USES = {
    "awscli": lambda tools: tools.aws("s3", "ls"),
    "modelstore": lambda tools: tools.python("modelstore", "import modelstore"),
}


@pytest.mark.parametrize("library", USES)
def test_a_client_that_is_not_installed_is_not_tried(monkeypatch, tmp_path, library):
    """With what to install."""
    monkeypatch.setattr(module, "find_spec", {"other": True}.get)
    handover = Handover(project="it", where=S3(bucket="data"), places={}, holders={})

    with pytest.raises(NotTried, match=rf"{library} is not installed .*object-access\[clients\]"):
        USES[library](Clients(tmp_path, handover, Target()))
