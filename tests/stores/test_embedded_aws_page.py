"""docs/embedded-aws.md says what the code does."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_current():
    """Whatever is decided or refused by name stands in it."""
    spec = spec_from_file_location("embedded_aws_page", ROOT / "docs/embedded_aws.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)

    written = (ROOT / "docs/embedded-aws.md").read_text()
    assert module.page() == written, "run `python docs/embedded_aws.py > docs/embedded-aws.md`"
