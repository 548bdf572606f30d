"""`templates/python`, as `pulumi new` renders it, rehearsed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TEMPLATE = Path(__file__).parents[2] / "templates/python"


@pytest.mark.thorough
def test_a_rendered_template_keeps_its_promises(tmp_path):
    """No placeholder is left, and every check of what it hands over is as promised."""
    folder = tmp_path / "new"
    shutil.copytree(TEMPLATE, folder)
    for file in folder.glob("*.*"):
        text = file.read_text().replace("${PROJECT}", "farm")
        file.write_text(text.replace("${DESCRIPTION}", "Data of a farm."))
        assert "${" not in file.read_text()

    command = ["-m", "object_access", "rehearse", "--engine", "in-process", "--format", "json"]
    done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["handovers"]["reader"]["where"]["bucket"] == "farm-data"
    assert len(told["checks"]) > 10


def test_it_asks_for_what_the_program_reads():
    """Every setting of the template stands in the program, with the same default."""
    config = yaml.safe_load((TEMPLATE / "Pulumi.yaml").read_text())["template"]["config"]
    program = (TEMPLATE / "__main__.py").read_text()

    assert set(config) == {"bucket", "region", "prefix"}
    for name, setting in config.items():
        assert f'config.get("{name}")' in program
        if "default" in setting:
            assert f'config.get("{name}") or "{setting["default"]}"' in program
