"""The folder of a program and its files: what cannot be read is told in one line."""

import pytest

from object_access.workspace import Workspace, read_yaml

LINE = "file.yaml:2: "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a: 1\na: 2\n", f"{LINE}'a' stands twice, keep one of the two"),
        (b"a:\n  b: 1\n  c: 2\n  b: 3\n", "file.yaml:4: 'b' stands twice"),
        (b"- a: 1\n  a: 2\n", f"{LINE}'a' stands twice"),
        (b"a: 1\n\tb: 2\n", f"{LINE}a tab, indent with spaces"),
        (b"a:\n\t- b\n", f"{LINE}a tab, indent with spaces"),
        ("a: ä".encode("utf-16"), "file.yaml is not UTF-8, save it in that encoding"),
        ("a: ä".encode("latin-1"), "file.yaml is not UTF-8"),
        (b"a: \x00b", "file.yaml: unacceptable character #x0000"),
        (b"just words", "file.yaml must hold a mapping of 'key: value' lines, not 'just words'"),
        (b"7", "file.yaml must hold a mapping of 'key: value' lines, not 7"),
        (b"- a\n- b\n", "file.yaml must hold a mapping of 'key: value' lines, not ['a', 'b']"),
        (b"a: [1, 2\nb: 3", f"{LINE}"),
        (b"a: {b: 1}}", "file.yaml:1: "),
        (b"a: &x 1\nb: *y\n", f"{LINE}found undefined alias"),
        (b"a: !!python/object:os.system {}", "file.yaml:1: could not determine a constructor"),
        (b"a: 1\n---\nb: 2\n", f"{LINE}but found another document"),
        (b"? [a]\n: 1\n? [a]\n: 2\n", "file.yaml:1: "),
        (b"a: '" + b"x" * 99_999, "file.yaml:1: "),
    ],
    ids=range(18),
)
def test_one_clear_line(tmp_path, text, message):
    """The file without the folders above it, the line in it, and what is wrong."""
    path = tmp_path / "file.yaml"
    path.write_bytes(text)
    with pytest.raises(ValueError) as refused:
        read_yaml(path, tmp_path)

    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_file_that_is_missing(tmp_path):
    """With what the system says."""
    with pytest.raises(ValueError, match=r"^file\.yaml cannot be read: No such file or directory$"):
        read_yaml(tmp_path / "file.yaml", tmp_path)
    with pytest.raises(ValueError, match=r"cannot be read: Is a directory$"):
        read_yaml(tmp_path)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        (b"", {}),
        (b"# nothing\n", {}),
        ("\ufeffa: ä".encode(), {"a": "ä"}),
        (b"a: 2026-11-21", {"a": "2026-11-21"}),
        (b"a: &x {b: 1}\nc: {<<: *x, d: 2}\n", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        (b"x: &x {a: 1}\ny: &y {b: 2}\nz: {<<: [*x, *y], a: 3}",
         {"x": {"a": 1}, "y": {"b": 2}, "z": {"a": 3, "b": 2}}),
    ],
)  # fmt: skip
def test_what_is_read(tmp_path, text, held):
    """A mark of Windows' editors is none of it, a date stays a text, merged keys are no repetition."""
    path = tmp_path / "file.yaml"
    path.write_bytes(text)

    assert read_yaml(path) == held


@pytest.fixture
def workspace(tmp_path):
    """A program with two environments, in a folder of its own below the file of the project."""
    (tmp_path / "Pulumi.yaml").write_text("name: ours\nmain: app\nstackConfigDir: env\n")
    (tmp_path / "env").mkdir()
    (tmp_path / "env/Pulumi.dev.yaml").write_text("config: {a: 1}")
    (tmp_path / "env/Pulumi.odd.yaml").write_text("config: [a]")
    (tmp_path / "deep/er").mkdir(parents=True)
    return Workspace.at(tmp_path / "deep/er")


def test_the_program_is_found_from_below(workspace, tmp_path):
    """As Pulumi finds it, with its folders."""
    assert workspace.folder == tmp_path
    assert (workspace.name, workspace.known()) == ("ours", ["dev", "odd"])
    assert workspace.main == tmp_path / "app/__main__.py"
    assert workspace.config_of("dev") == {"a": 1}


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ("prod", "environment 'prod' does not exist, there are dev, odd; 'object-access new'"),
        ("../dev", "environment '../dev' does not exist"),
        ("odd", "env/Pulumi.odd.yaml: 'config' must be a mapping"),
    ],
)
def test_environments_that_are_none(workspace, environment, message):
    """There is no way out of their folder."""
    with pytest.raises(ValueError) as refused:
        workspace.config_of(environment)

    assert str(refused.value).startswith(message)


def test_a_folder_without_a_program(tmp_path):
    """It says what is looked for, and from where."""
    with pytest.raises(ValueError, match=r"there is no Pulumi\.yaml in .* or above it: go to"):
        Workspace.at(tmp_path)
