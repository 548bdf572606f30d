"""Programs of one organisation that are judged together, and what an environment says of theirs."""

import json
from pathlib import Path

import pytest

from object_access.access import command, difference, report
from object_access.access import program as programs

NETWORK = """
import pulumi, pulumi_aws as aws
from parts import NAME
bucket = aws.s3.Bucket("b", bucket=NAME)
pulumi.export("arn", bucket.arn)
pulumi.export("account", aws.get_caller_identity().account_id)
"""
DATA = """
import json, pulumi, pulumi_aws as aws
from parts import NAME
network = pulumi.StackReference(f"org/network/{pulumi.get_stack()}")
size = pulumi.Config().require_int("size")

def document(values):
    arn, account = values
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": arn + "/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

user = aws.iam.User("b", name=NAME)
aws.iam.UserPolicy("p", name="p", user=user.name, policy=pulumi.Output.all(
    network.require_output("arn"), network.require_output("account")).apply(document))
trust = network.require_output("account").apply(lambda account: json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
    "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}]}))
aws.iam.Role("it", name="it", assume_role_policy=trust)
"""


@pytest.fixture
def folders(tmp_path) -> list[Path]:
    """Two programs, each with a module of the same name beside it."""
    for name, text, part in (("network", NETWORK, "shared-farm"), ("data", DATA, "ann")):
        folder = tmp_path / name
        folder.mkdir()
        settings = "config:\n  size: 3\n" if name == "data" else ""
        (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n{settings}")
        (folder / "__main__.py").write_text(text)
        (folder / "parts.py").write_text(f"NAME = {part!r}\n")
    return [tmp_path / "network", tmp_path / "data"]


def test_a_later_program_knows_what_an_earlier_one_exports(folders):
    """One account, whose number neither writes; what both call the same are two."""
    found = report.build("dev", programs.declared_at(folders, "dev") or programs.Program([]))

    able = {who for (who, _), each in found.findings.access.items() if each["read"].allowed}
    assert able == {"user:ann"}
    assert found.findings.places["s3://shared-farm/"].facts["declared_as"] == "network/b"
    assert not [each for each in found.findings.principals if each.startswith("outsider:account")]


def test_an_earlier_program_is_missed_by_name(folders, capsys):
    """One line, and what to do."""
    with pytest.raises(ValueError, match="reads stack 'org/network/dev': name the folder of its"):
        command.run(folders[1:], "dev", "table", "", None)
    with pytest.raises(ValueError, match="a folder holds one program: several"):
        command.run(folders, "dev", "table", str(folders[0]), None)
    assert command.run(folders, "dev", "json", "", None) == 0
    assert json.loads(capsys.readouterr().out)["places"]


TRUST = """
import json, pulumi_aws as aws
aws.iam.Role("it", name="it", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole",
     "Principal": {"AWS": "arn:aws:iam::111111111111:root"}}]}))
"""


@pytest.mark.parametrize(
    "config",
    [
        {"aws:allowedAccountIds": ["111111111111"]},
        {"aws:assumeRoles": [{"roleArn": "arn:aws:iam::111111111111:role/deploy"}]},
        {"aws:assumeRole": {"roleArn": "arn:aws:iam::111111111111:role/deploy"}},
        {},
    ],
)
def test_an_account_of_its_own_is_no_stranger(tmp_path, config):
    """Where the environment says to which one it deploys; else a literal number is a stranger's."""
    (tmp_path / "__main__.py").write_text(TRUST)

    found = report.build("dev", programs.declared(tmp_path, "dev", config))

    assert ("outsider:account 111111111111" in found.findings.principals) is not bool(config)
    if not config:
        there = difference.compare(report.empty("dev"), found)
        assert "account 111111111111" in {each.who for each in there}


def test_a_state_that_always_looks_at_its_cloud(tmp_path, folders):
    """Older than the switch: one line says so, and what to compare with instead."""
    old = tmp_path / "old"
    (old / "stacks").mkdir(parents=True)
    (old / "Pulumi.yaml").write_text("name: old\nruntime: python\n")
    (old / "stacks/openstack.py").write_text("")
    (old / "__main__.py").write_text("raise RuntimeError('no OpenStack credentials')")

    with pytest.raises(ValueError, match=r"older than OBJECT_ACCESS_LOOK.*no OpenStack.*in JSON"):
        command.run(folders[:1], "dev", "table", str(old), None)
