"""The command `object-access`: what it takes, how it fails, what `new` writes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from object_access import checks, cli, handover
from object_access.access import command as access_command
from object_access.rehearsal import report as rehearsal_report
from object_access.workspace import KEY, Workspace, parse_yaml
from stacks import consumers, environment_file, explain, new, projects, schema, settings

ROOT = Path(__file__).parent.parent
COMMANDS = get_command(cli.app).commands
BIN = Path(sys.executable).parent


@pytest.fixture
def run(monkeypatch):
    """Run the command in this process, which it leaves as it was."""
    monkeypatch.setattr(sys, "path", sys.path[:])

    def invoke(*arguments):
        return CliRunner().invoke(cli.app, arguments, prog_name="object-access")

    return invoke


@pytest.fixture
def program(tmp_path):
    """A program without environments; its `stacks` are ours."""
    (tmp_path / "Pulumi.yaml").write_text("name: object-access\nruntime: python\n")
    return tmp_path


def command(*arguments, **more):
    """Run the command in a process of its own, as a shell does."""
    return subprocess.run(
        [sys.executable, "-m", "object_access", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        **more,
    )


# --- options ---


def test_every_format_is_one_that_its_room_knows():
    """The command checks formats without importing what makes them."""
    assert {
        "rehearse": rehearsal_report.FORMATS,
        "report": access_command.FORMATS,
        "handover": tuple(handover.FORMATS),
    }.items() <= cli.FORMATS.items()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_with_options_that_exist(run, name):
    """Each command's help ends with examples of it."""
    shown = run(name, "--help")
    _, _, examples = shown.stdout.partition("Examples:\n")

    assert shown.exit_code == 0
    assert f"object-access {name}" in examples
    options = re.findall(r"(?<!\S)--?[a-z][a-z-]*", examples)
    known = [option for each in COMMANDS[name].params for option in each.opts]
    assert set(options) <= set(known)


def test_help_says_what_exit_codes_mean(run):
    """Without a command there is the help, too."""
    shown = run()

    assert shown.exit_code == 0
    assert shown.stdout == run("--help").stdout
    assert all(f"{code} " in shown.stdout.partition("Exit codes:")[2] for code in range(4))
    assert "..." not in shown.stdout.partition("Commands:")[2], "a first sentence is too long"


def test_the_version(run):
    """Of what is installed."""
    assert re.fullmatch(r"object-access \d+\.\d+\.\d+\n", run("--version").stdout)


WRONG = [
    (["rehearze"], "no such command 'rehearze'. Did you mean 'rehearse'?"),
    (["report", "--nope"], "no such option: --nope"),
    (["handover"], "missing argument 'project'"),
    (["serve", "--port", "70000"], "invalid value for '--port': Input should be less than or equal"),
    (["rehearse", "--format", "xml"],
     "format 'xml' is unknown, use one of table, json, markdown, svg"),
    (["rehearse", "--engine", "terraform"],
     "engine 'terraform' is unknown, use one of auto, pulumi, official, in-process"),
    (["check", "x", "--format", "svg"], "format 'svg' is unknown, use one of table, json, markdown"),
    (["handover", "x", "--format", "form", "--from", "nowhere"], "file 'nowhere' cannot be read"),
    (["consumers", "lightyl"], "consumer 'lightyl' is unknown, did you mean 'lightly'"),
    (["report", "--program", "/"], "there is no Pulumi.yaml in / or above it"),
    (["serve", "--stores", "gcs"],
     "store 'gcs' is unknown, use some of aws, compatible, swift"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "line"), WRONG, ids=lambda given: " ".join(given)[:40])
def test_wrong_use_is_one_line(run, arguments, line):
    """On standard error, with exit code 2 and nothing on standard output."""
    done = run(*arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {line}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "--nope"],
        ["report", "--program", "/"],
        ["handover", "x", "--from", "nowhere"],
        ["check", "x", "--from", "nowhere"],
        ["consumers", "x"],
        ["serve", "--stores", "gcs"],
    ],
    ids=" ".join,
)
def test_json_is_json_on_failure_too(run, arguments):
    """The same line as an object, for whoever parses what comes."""
    done = run(*arguments, "--format", "json")

    assert done.exit_code == 2
    assert done.stderr == f"error: {json.loads(done.stdout)['error']}\n"


def test_a_rehearsal_fails_in_json_too(program):
    """Before anything is started."""
    done = command("rehearse", "--format=json", "--program", str(program))

    assert done.returncode == 2
    assert json.loads(done.stdout)["error"].startswith("there is no environment yet")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("object-access rep", "report"),
        ("object-access rehearse --engine in", "in-process"),
        ("object-access report -e gui", "guides"),
        ("object-access consumers light", "lightly"),
    ],
)
def test_a_shell_completes(words, found):
    """Commands, words of options, environments and consumers."""
    asked = {
        "_OBJECT_ACCESS_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    assert found in command(env={**os.environ, **asked}).stdout.split()


# --- which environment, whose program ---


def test_the_only_environment_is_the_default(program):
    """Where there are several, the line lists them."""
    workspace = Workspace.at(program)
    with pytest.raises(ValueError, match="there is no environment yet"):
        workspace.choose("")
    (program / "Pulumi.prod.yaml").write_text("")
    assert workspace.choose("") == "prod"
    (program / "Pulumi.dev.yaml").write_text("")
    with pytest.raises(ValueError, match=r"which environment.*: dev, prod"):
        workspace.choose("")
    assert workspace.choose("dev") == "dev"


@pytest.mark.parametrize("arguments", [["consumers"], ["new", "--kind", "s3"]])
def test_a_program_without_our_stacks_is_told_so(tmp_path, arguments):
    """In one line."""
    (tmp_path / "Pulumi.yaml").write_text("name: theirs\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    done = subprocess.run(
        [BIN / "object-access", *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert re.fullmatch(r"error: the program in \S+ has no stacks/\w+, .*--program\n", done.stderr)


# --- new ---


def bucket(name="lab"):
    """The options of a small project."""
    return ("--kind", "modelstore", "--name", name, "--set", "bucket=lab-data-2026")


FILES = {
    "nothing": "",
    "comments alone": "# ours\n",
    "no end of line": f"config:\n  {KEY}:\n    projects:\n      a: {{kind: modelstore, bucket: abc-1}}",
    "no projects": f"config:\n  {KEY}:\n    namespace: acme # ours\n",
    "no projects, and more": f"config:\n  {KEY}:\n    namespace: acme\n  aws:region: eu-west-1\n",
    "no environment": "config:\n  aws:region: eu-west-1\n",
    "no config": "encryptionsalt: v1:x # ours\n",
    "an empty mapping": f"config:\n  {KEY}:\n    projects: {{}} # none yet\n    namespace: acme\n",
    "an empty value": f"config:\n  {KEY}:\n    projects: # none yet\n    namespace: acme\n",
    "a word for nothing": f"config:\n  {KEY}:\n    projects: null\n",
    "keys after it": f"""\
config:
  {KEY}:
    projects:
      # the first
      a:
        kind: modelstore
        bucket: abc-1
        # prefix: models/

    # of the company
    namespace: acme
  aws:region: eu-west-1
""",
    "four columns": f"""\
config:
    {KEY}:
        projects:
            a:
                kind: modelstore
                bucket: "abc-1"   # kept
                tags: {{team: "lab"}}
# the end
""",
    "CRLF": f"config:\r\n  {KEY}:\r\n    projects:\r\n      a:\r\n        kind: modelstore\r\n        bucket: abc-1\r\n",
    "a text of several lines": f"""\
config:
  {KEY}:
    projects:
      a:
        kind: modelstore
        bucket: |-
          abc-1

  aws:region: eu-west-1
""",
    "an alias": f"""\
config:
  {KEY}:
    tags: &tags {{team: lab}}
    projects:
      a:
        kind: modelstore
        bucket: abc-1
        tags: *tags
""",
}  # fmt: skip


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_project_is_added_and_nothing_is_lost(run, program, text):
    """Every line stays as it is and where it is; it loads to what it did, and the project."""
    file = program / "Pulumi.dev.yaml"
    file.write_bytes(text.encode())
    before = parse_yaml(text, "before")

    done = run("new", "--program", str(program), *bucket(), "--set", "region=eu-central-1")

    assert done.exit_code == 0, done.stderr
    after = file.read_bytes().decode()
    assert after.startswith("# yaml-language-server: $schema=")
    added = after.split("\r\n" if "\r\n" in text else "\n")
    rest = iter(added)
    kept = [line.replace(" {}", "").replace(" null", "") for line in text.splitlines()]
    assert all(line in rest for line in kept), "a line was lost, or has moved"
    wanted = {"kind": "modelstore", "bucket": "lab-data-2026", "region": "eu-central-1"}
    assert environment_file.projects_in(after, "") == {
        **environment_file.projects_in(text, ""),
        "lab": wanted,
    }
    loaded = parse_yaml(after, "after")
    del loaded["config"][KEY]["projects"]["lab"]
    assert without_nothing(loaded) == without_nothing(before)


def without_nothing(value):
    """What was empty may have come into being around the project."""
    if not isinstance(value, dict):
        return value
    inner = {key: without_nothing(each) for key, each in value.items()}
    return {key: each for key, each in inner.items() if each not in (None, {})}


def test_comments_stay_with_the_project_that_they_belong_to(run, program):
    """Those below a project are before the next one."""
    file = program / "Pulumi.dev.yaml"
    file.write_text(FILES["keys after it"])
    run("new", "--program", str(program), *bucket())

    text = file.read_text()
    assert text.index("# prefix: models/") < text.index("lab:") < text.index("# of the company")


def test_a_second_project_follows_the_first(run, program):
    """What is written can be added to; the line for editors stands there once."""
    for name in ("one", "two"):
        options = ("-e", "dev", "--namespace", "acme", "--kind", "lightly", "--name", name)
        assert run("new", "--program", str(program), *options).exit_code == 0
    text = (program / "Pulumi.dev.yaml").read_text()

    assert list(environment_file.projects_in(text, "")) == ["one", "two"]
    assert text.count("yaml-language-server") == 1
    assert "    namespace: acme #" in text
    assert "        # separate: false\n" in text, "what else can be set is there as comments"


REFUSED = [
    (bucket("a"), "project 'a' is in Pulumi.dev.yaml already, choose another name"),
    (("--kind", "lighty", "--name", "b"), "kind 'lighty' is unknown, did you mean 'lightly'"),
    (("--name", "b"), "kind is not given, name it with --kind"),
    (("--kind", "s3"), "name is not given, name it with --name"),
    (("--kind", "s3", "--name", "B"), "project 'B' is not lower-case letters"),
    ((*bucket("b"), "--set", "prefix"), "--set 'prefix' has no value, write it as key=value"),
    ((*bucket("b"), "--set", "prefix=x"), "b: prefix: prefix 'x' does not end with '/'"),
    ((*bucket("b"), "--set", "delete=perhaps"), "b: delete must be true or false"),
    ((*bucket("b"), "--set", "regoin=x"), "b: unknown setting 'regoin', did you mean 'region'"),
    ((*bucket("b"), "--set", "tags={x"), "tags:"),
    ((*bucket("b"), "--set", "tags=x", "--set", "tags.a=y"), "'tags' is set twice"),
    (("--kind", "lightly", "--name", "b"), "b: no bucket given, and a name made by program needs"),
    (("--kind", "s3", "--name", "b", "--set", "bucket=abc-1"), "b: setting 'places' is missing"),
    ((*bucket("b"), "-e", "../dev"), "environment '../dev'"),
]


@pytest.mark.parametrize(("options", "line"), REFUSED, ids=lambda given: str(given)[-40:])
def test_new_refuses_what_is_wrong_and_writes_nothing(run, program, options, line):
    """In one line; the file is as it was."""
    file = program / "Pulumi.dev.yaml"
    file.write_text(
        f"config:\n  {KEY}:\n    projects:\n      a: {{kind: lightly, bucket: abc-2}}\n"
    )
    before = file.read_text()

    done = run("new", "--program", str(program), *options)

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {line}")
    assert file.read_text() == before
    assert sorted(program.iterdir()) == [file, program / "Pulumi.yaml"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"config: {{{KEY}: {{projects: {{a: {{kind: lightly}}}}}}}}", "must have 'config' as lines"),
        ("config: {}\n---\nconfig: {}\n", "Pulumi.dev.yaml"),
        ("config:\n\ta: b", "Pulumi.dev.yaml:2: a tab, indent with spaces"),
        (f"config:\n  {KEY}:\n    projcts: {{}}\n", "unknown setting 'projcts'"),
        (f"config:\n  {KEY}:\n    projects: &p\n      a: {{kind: lightly, bucket: abc-1}}\n"
         "  more: *p\n", "cannot be added to; add it by hand"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_added_to_stays_as_it_is(run, program, text, line):
    """Whoever wrote it so is told what to do."""
    file = program / "Pulumi.dev.yaml"
    file.write_text(text)
    done = run("new", "--program", str(program), *bucket())

    assert done.exit_code == 2
    assert line in done.stderr
    assert file.read_text() == text


class Person:
    """Answers in the order in which the answers are given; notes what it is shown."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.shown = []

    def ask(self, question, default=None):
        self.shown.append(question)
        answer = self.answers.pop(0)
        return default if answer == "" and default is not None else answer

    def tell(self, text):
        self.shown.append(text)


def asked(program, *answers, wish=None):
    """What is told after these answers, and who was asked."""
    person = Person(*answers)
    valid = SimpleNamespace()

    def validate(environment, config):
        valid.get_object = lambda key: config.get(f"object-access:{key}")
        settings.load(valid, environment)

    told = new.run(Workspace.at(program), wish or new.Wish(), person, validate)
    assert not person.answers, "not everything was asked"
    return told, person


def test_somebody_is_asked_for_a_generic_project(program):
    """What they answer is what is written; what is wrong is told, and asked for again."""
    told, person = asked(
        program,
        "lab", "acme", "s4", "s3", "vision", "", "raw", "raw/", "list read", "rle", "role",
        "111122223333", "y",
    )  # fmt: skip

    text = (program / "Pulumi.lab.yaml").read_text()
    assert environment_file.projects_in(text, "") == {
        "vision": {
            "kind": "s3",
            "places": {"data": {"prefix": "raw/", "access": ["list", "read"]}},
            "holders": {"vision": {"as": "role", "trusted": ["111122223333"]}},
        }
    }
    assert [line for line in person.shown if line.startswith("error: ")] == [
        f"error: kind 's4' is unknown, known are {', '.join(sorted([*consumers.load(), *projects.KINDS]))}",
        "error: prefix 'raw' does not end with '/' and would open its neighbours, did you mean 'raw/'",
        "error: as 'rle' is unknown, did you mean 'role'",
    ]
    assert "object-access rehearse -e lab" in told


def test_somebody_is_asked_for_a_consumers_settings(program):
    """Enter takes the default, which is not written."""
    (program / "Pulumi.lab.yaml").write_text("")
    wish = new.Wish(kind="modelstore", name="models", environment="lab")
    asked(program, "models-2026", "", "false", "y", wish=wish)

    text = (program / "Pulumi.lab.yaml").read_text()
    assert environment_file.projects_in(text, "") == {
        "models": {"kind": "modelstore", "bucket": "models-2026", "delete": False}
    }


def test_somebody_who_says_no_gets_nothing(program):
    """Neither a file nor a folder."""
    wish = new.Wish("kopah", "lab", "lab", "acme", ("bucket=abc-1", "directory=/mnt/x"))
    answers = ["" for key in consumers.load()["kopah"].settings if key != "directory"]
    told, _ = asked(program, *answers, "n", wish=wish)

    assert told == "nothing was written\n"
    assert list(program.iterdir()) == [program / "Pulumi.yaml"]


@pytest.mark.parametrize("name", consumers.load())
def test_a_consumers_lines_say_what_its_example_says(name):
    """With their comments, and with each that is commented out set to its default."""
    body = {"kind": name, **consumers.load()[name].example}
    lines = new.project("example", body)

    assert yaml.safe_load("\n".join(lines)) == {"example": body}
    assert all(len(line) <= 94 or ": " in line for line in lines)


@pytest.mark.parametrize(
    "text", ["12e4", "0012", "1_000", "yes", "", "-1", ".5", "~", "a: b", "#x"]
)
def test_a_text_stays_a_text(text):
    """For Pulumi's reader of YAML, too, which takes more for numbers than ours."""
    *_, line = new.project("x", {"kind": "s3", "bucket": text})

    assert yaml.safe_load(line) == {"bucket": text}
    assert line.endswith(('"', "'")), "it has quotes"


# --- the schema for editors ---


def test_the_schema_is_current():
    """`make docs` writes it."""
    current = (ROOT / "stacks/schema.json").read_text() == schema.text()
    assert current, "run `python -m stacks.schema > stacks/schema.json`"


@pytest.fixture(scope="module")
def faults():
    """What an editor would tell of these projects, or of a whole file."""
    validator = jsonschema.Draft7Validator(json.loads((ROOT / "stacks/schema.json").read_text()))

    def told(projects=None, file=None):
        body = file or {"config": {KEY: {"projects": projects}}}
        return [each.message for each in validator.iter_errors(body)]

    return told


@pytest.mark.parametrize(
    "file", sorted((ROOT / "stacks/environments").iterdir()), ids=lambda f: f.name
)
def test_the_schema_takes_what_is_shipped(faults, file):
    """Every environment."""
    assert not faults(file=yaml.safe_load(file.read_text()))


def test_the_schema_takes_every_consumers_example(faults):
    """As `new` writes it."""
    assert not faults(
        {name: {"kind": name, **each.example} for name, each in consumers.load().items()}
    )


@pytest.mark.parametrize(
    ("project", "fault"),
    [
        ({}, "'kind' is a required property"),
        ({"kind": "s4"}, "'s4' is not one of"),
        ({"kind": "lightly", "regoin": "x"}, "('regoin' was unexpected)"),
        ({"kind": "lightly", "separate": "yes"}, "'yes' is not of type 'boolean'"),
        ({"kind": "lightly", "access": "x"}, "'x' is not one of ['delegated', 'user']"),
        ({"kind": "lightly", "external_id": 5}, "5 is not valid under any of the given schemas"),
        ({"kind": "valohai-swift"}, "'username' is a required property"),
        ({"kind": "s3", "holders": {}}, "'places' is a required property"),
    ],
)
def test_the_schema_tells_what_is_wrong(faults, project, fault):
    """Of the kind that is meant, and of nothing else."""
    assert any(fault in each for each in faults({"x": project}))


def test_the_schema_lets_secrets_be_encrypted(faults):
    """As `pulumi config set --secret` writes them."""
    assert not faults({"x": {"kind": "lightly", "external_id": {"secure": "v1:abc"}}})


# --- consumers ---


def test_consumers_are_listed(run):
    """Each with what it does and who gets access, in every format."""
    table, markdown = (run("consumers", "--format", each).stdout for each in ("table", "markdown"))
    listed = json.loads(run("consumers", "--format", "json").stdout)

    assert [each["name"] for each in listed] == list(consumers.load())
    for each in listed:
        assert each["who"]
        assert f"\n{each['name']}\n" in f"\n{table}"
        assert f"| `{each['name']}` |" in markdown


@pytest.mark.parametrize("name", consumers.load())
def test_a_consumer_is_explained(run, name):
    """Every setting, label, trap and source is there in every format."""
    told = json.loads(run("consumers", name, "--format", "json").stdout)
    consumer = consumers.load()[name]

    assert yaml.safe_load("\n".join(told["lines"])) == {name: {"kind": name, **consumer.example}}
    wanted = [
        *consumer.settings,
        *told["form"]["fields"],
        *(each.what for each in (*consumer.traps, *consumer.sources)),
        *(f"{verb}" for place in told["places"].values() for verb in place["access"]),
    ]
    for shape in ("table", "markdown"):
        shown = " ".join(run("consumers", name, "--format", shape).stdout.split())
        assert not [
            each for each in wanted if " ".join(each.split()) not in shown.replace("\\|", "|")
        ]


BAD = """
title: Tool
does: reads
kind: s3
sources: [{what: its manual, read: 2026-11-21}]
settings: {images: {is: prefix, default: "", about: Images.}}
project:
  places: {images: {prefix: "{images}", access: [list, read]}}
  holders: {tool: {as: user}}
form: {destination: Tool, fields: {Folder: "{images.prefix}", Key: "{tool.access_key_id}"}}
"""


@pytest.mark.parametrize(
    ("old", "typed", "line"),
    [
        ("title:", "titel:", "tool.yaml: unknown setting 'titel', did you mean 'title'"),
        ('"{images}"', '"{imges}/"', "project: {imges} is no setting, did you mean 'images'"),
        ("{images.p", "{image.p", "form: 'image' is no place, holder or setting, did you mean"),
        ("{tool.", "{tol.", "form: 'tol' is no place, holder or setting, did you mean 'tool'"),
        ("as: user", "as: usr", "tool.yaml: example: holders: tool: as 'usr' is unknown"),
        ("[list, read]", "[list, raed]", "tool.yaml: example: places: images: access 'raed' is"),
    ],
)
def test_a_mistake_in_a_consumers_file_is_one_line(monkeypatch, tmp_path, run, old, typed, line):
    """Whose file, what was given, what is known: it would be granted, or left out of a form."""
    assert old in BAD
    (tmp_path / "tool.yaml").write_text(BAD.replace(old, typed))
    monkeypatch.setattr(consumers, "FOLDER", tmp_path)
    consumers.known.cache_clear()
    consumers.one.cache_clear()
    try:
        done = run("consumers", "tool", "--program", str(ROOT))
    finally:
        consumers.known.cache_clear()
        consumers.one.cache_clear()

    assert done.exit_code == 2
    assert line in done.stderr


def test_a_narrow_terminal(monkeypatch):
    """What is told of a consumer fits into 60 columns, beside its lines for a file."""
    monkeypatch.setattr(explain, "_WIDTH", 60)
    shown = explain.all_(consumers.load(), "table")
    assert max(map(len, shown.splitlines())) <= 60


# --- serve ---


@pytest.mark.thorough
@pytest.mark.skipif(not shutil.which("sh"), reason="there is no shell here")
def test_exports_are_for_a_shell():
    """It evaluates them while the stores go on, and finds AWS by them; the process can be ended."""
    script = """
    eval "$(object-access serve --stores aws --format exports &)"
    echo "$AWS_REGION $AWS_DEFAULT_REGION"
    aws s3 mb s3://exported && aws s3 ls
    kill "$OBJECT_ACCESS_PID"
    """
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.stderr == ""
    assert done.stdout.startswith("eu-west-1 eu-west-1\n")
    assert done.stdout.rstrip().endswith(" exported")


# --- what a rehearsal shows ---


def result(project, name, state, answer="works"):
    """One result of a check that must be allowed."""
    return checks.Result(project, name, Promise.ALLOWED, state, answer)


Promise, State = checks.check.Promise, checks.check.State
RESULTS = [
    result("vision", "the whole bucket: list", State.PASSED),
    result("vision", "a name of a check that is so long that sixty columns are too few for it",
           State.FAILED, "AccessDenied"),
    result("lab", "rclone reads the file", State.NOT_TRIED, "rclone is not installed here"),
    result("mount", "rclone reads the file", State.NOT_TRIED, "rclone is not installed here"),
    result("mount", "s3fs-fuse shows the file", State.NOT_TRIED, "s3fs is not installed here"),
    result("mount", "the whole bucket: list", State.PASSED),
]  # fmt: skip


@pytest.fixture
def shown(monkeypatch, capsys):
    """What these results look like, as `--format`, on so many columns, to a pipe."""

    def show(shape="table", *, every=False, columns=60, results=RESULTS):
        monkeypatch.setenv("COLUMNS", str(columns))
        made = SimpleNamespace(type="aws:s3/bucket:Bucket", name="b", id="b")
        run = SimpleNamespace(resources=[made], engine="in this process")
        outcome = rehearsal_report.Outcome("dev", run, {}, results, None, False)
        outcome.write(shape, every=every)
        return capsys.readouterr().out

    return show


@pytest.mark.parametrize("every", [False, True])
def test_failures_come_first_and_are_repeated_at_the_end(shown, every):
    """In words, for there is no colour in a pipe; the last line says how many, and why others were
    not tried."""
    lines = shown(every=every, columns=200).splitlines()

    assert lines[0].startswith("FAIL vision: a name of a check that is so long")
    *_, again, _, summary = lines
    assert again == lines[0]
    assert summary == (
        "1 FAIL, 2 as promised, 3 not tried: 2 rclone is not installed here, "
        "1 s3fs is not installed here"
    )
    assert "\x1b" not in "".join(lines)


def test_a_project_is_one_line(shown):
    """Whether it failed, and how many; one of which nothing was tried is not ok."""
    lines = shown().splitlines()

    assert "FAIL  vision  1 FAIL, 1 as promised" in lines
    assert "-     lab     1 not tried" in lines
    assert "ok    mount   1 as promised, 2 not tried" in lines
    assert "the whole bucket" not in "".join(lines)


def test_all_is_all_on_sixty_columns_too(shown):
    """Each check and each resource."""
    text = " ".join(shown(every=True).split())

    for each in RESULTS:
        assert f"{each.project}: {each.name} (allowed): {each.answer}" in text
    assert "b s3 Bucket" in text


def test_the_other_formats_are_complete(shown):
    """Every check is in each, the failed one first where people read."""
    data = json.loads(shown("json"))
    assert [each["check"] for each in data["checks"]] == [each.name for each in RESULTS]
    assert (data["as_promised"], data["summary"][:6]) == (False, "1 FAIL")
    for shape in ("markdown", "svg"):
        text = shown(shape).replace("&#160;", " ")
        assert text.index("a name of a check") < text.index("the whole bucket: list")
        assert all(each.answer in text for each in RESULTS)
        assert "1 FAIL, 2 as promised, 3 not tried" in text


def test_nothing_tried_is_not_green(shown):
    """And is said."""
    assert shown(results=[]).splitlines()[-1] == "nothing was tried"
