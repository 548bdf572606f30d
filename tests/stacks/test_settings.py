"""Bad settings: each one clear line, before anything is declared."""

from functools import partial

import pulumi
import pytest

from object_access.workspace import parse_yaml
from stacks import settings
from stacks.consumers import Consumer
from stacks.settings import Loaded
from stacks.shapes import read

GOOD = {"kind": "valohai-s3", "bucket": "my-valohai-bucket"}
PLACE = {"places": {"data": {"access": ["read"]}}}
USER = {"holders": {"me": {"as": "user"}}}
S3 = {"kind": "s3", "bucket": "a-bucket", **PLACE, **USER}
SWIFT = {
    "kind": "swift", "container": "c", "auth_url": "https://identity.example.org/v3",
    "project_id": "0" * 32, **PLACE, "holders": {"me": {"as": "user", "username": "me"}},
}  # fmt: skip
STORE = {
    "kind": "compatible", "bucket": "a-bucket", "endpoint": "https://s3.example.org",
    "profile": "mine", **PLACE, "holders": {"me": {"as": "profile"}},
}  # fmt: skip
PIPELINE = {
    "kind": "pipeline", "github": "my-org/my-repo", "bucket": "a-bucket",
    "environments": {"dev": {"names": ["acme-dev-"]}, "dev-preview": {"names": ["acme-pre-"]}},
    "people": ["arn:aws:iam::111122223333:role/administrator"],
}  # fmt: skip
SOMEBODY = "arn:aws:iam::111122223333:role/reader"
SECRET = "must not be seen"


class Config:
    """What `pulumi.Config` gives."""

    def __init__(self, body: object):
        self._body = body

    def get_object(self, key: str) -> object:
        return self._body if key == "environment" else None


def loaded(environment: object) -> list[Loaded]:
    """The projects of an environment."""
    return settings.load(Config(environment), "dev")


def complaint(environment: object) -> str:
    """The one line."""
    with pytest.raises(ValueError) as refused:
        loaded(environment)
    told = str(refused.value)
    assert "\n" not in told
    assert SECRET not in told
    return told


def of(good, **change):
    """An environment with one project, changed."""
    return {"projects": {"vision": good | change}}


s3, swift, store, valohai = (partial(of, each) for each in (S3, SWIFT, STORE, GOOD))
pipe = partial(of, PIPELINE)


def held(**holder):
    """A project with this one holder."""
    return s3(holders={"me": holder})


def deployed(**dev):
    """A pipeline of this one environment."""
    return pipe(environments={"dev": {"names": ["acme-dev-"], **dev}})


def placed(**place):
    """A project with this one place."""
    return s3(places={"data": {"access": ["read"], **place}})


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        # the environment
        ([], "environment 'dev': must be a mapping of settings, not []"),
        ("text", "environment 'dev': must be a mapping of settings, not 'text'"),
        (None, "environment 'dev': nothing is set, write 'object-access:environment'"),
        ({}, "environment 'dev': no projects, list them under 'projects'; 'projects: {}' is"),
        ({"projects": []}, "environment 'dev': projects must be a mapping, not []"),
        ({"projects": None}, "environment 'dev': projects is empty, give it a value or leave"),
        ({"projects": {7: GOOD}}, "environment 'dev': projects must have texts as names, put 7 in"),
        ({"project": {}}, "environment 'dev': unknown setting 'project', did you mean 'projects'"),
        ({"projects": {"a": GOOD}, "protect": "no"}, "protect must be true or false, not 'no'"),
        ({"projects": {"a": GOOD}, "tags": {"team": 7}}, "tags: team must be a text, put 7 in"),
        # a project, and its kind
        ({"projects": {"Vision": GOOD}}, "project 'Vision'"),
        ({"projects": {"vision": None}}, "vision: no settings given, start with 'kind:'"),
        ({"projects": {"vision": ["kind"]}}, "vision: no settings given"),
        ({"projects": {"vision": {"bucket": "b"}}}, "vision: setting 'kind' is missing, use one of"),
        (valohai(kind="valohai"), "vision: kind 'valohai' is unknown, did you mean 'valohai-s"),
        (valohai(kind="s4"), "vision: kind 's4' is unknown, use one of compatible, pipeline, s3, swift, or a consumer"),
        (valohai(kind=["s3"]), "vision: kind '['s3']' is unknown"),
        (valohai(kind=None), "vision: setting 'kind' is missing"),
        # names, of a consumer's project and of a generic one
        (valohai(bucket="s3://my-bucket"), "vision: bucket name 's3://my-bucket'"),
        (valohai(bucket="My-Bucket"), "'my-bucket'"),
        (valohai(bucket="my_bucket"), "'my-bucket'"),
        (valohai(bucket="my.bucket"), "has a dot, which breaks TLS"),
        (valohai(bucket="192.168.5.4"), "vision: bucket name '192.168.5.4'"),
        (valohai(bucket="xn--bucket"), "xn--"),
        (valohai(bucket="sthree-bucket"), "sthree-"),
        (valohai(bucket="bucket-s3alias"), "-s3alias"),
        (valohai(bucket="bucket--ol-s3"), "--ol-s3"),
        (valohai(bucket="ab"), "2 characters"),
        (valohai(bucket="a" * 64), "64 characters"),
        (valohai(bucket=""), "vision: no bucket given, and a name made by program needs the"),
        (s3(bucket="My-Bucket"), "'my-bucket'"),
        (s3(bucket=""), "vision: no bucket given"),
        (swift(container=""), "vision: no container given"),
        (valohai(region="Frankfurt"), "vision: region 'Frankfurt' is a city, did you mean 'eu-c"),
        (valohai(region="uswest-2"), "did you mean 'us-west-2'"),
        (valohai(region="mars-north-1"), "vision: region 'mars-north-1'"),
        (valohai(regoin="eu-west-1"), "vision: unknown setting 'regoin', did you mean 'region'"),
        (s3(regoin="eu-west-1"), "vision: unknown setting 'regoin', did you mean 'region'"),
        (valohai(name="other"), "vision: unknown setting 'name'"),
        (s3(name="other"), "vision: unknown setting 'name'"),
        (s3(consumer="lightly"), "vision: unknown setting 'consumer'"),
        (s3(environment="prod"), "vision: unknown setting 'environment'"),
        (s3(adopt=True, bucket=""), "vision: adopt is set without a bucket"),
        (s3(kms_key="alias/mine"), "is an alias"),
        (s3(access_logs={"bucket": "Logs"}), "vision: access_logs: bucket name 'Logs'"),
        (s3(access_logs={}), "vision: access_logs: setting 'bucket' is missing"),
        (s3(access_logs="logs"), "vision: access_logs: must be a mapping of settings, not 'logs'"),
        # what CI may do
        (pipe(), "dev: its jobs that preview, 'repo:my-org/my-repo:environment:dev-preview', would"),
        (deployed(deploys=["repo:my-org/my-repo:environment:dev*"]), "would deploy dev; rename one"),
        (deployed(deploys=["${gitlab.com:sub}"]), "'${gitlab.com:sub}' holds a policy variable"),
        (deployed(names=["administrator"]), "name 'administrator' is also of 'arn:aws:iam::1111"),
        (pipe(github="", gitlab="a/b", host="git.example.com:8443"), "must be a bare name, like"),
        # a consumer's settings
        (valohai(origin="https://app.valohai.com/"), "origin: origin 'https://app.valohai.com/' is"),
        (valohai(origin="https://app.valohai.com/p/x"), "'https://app.valohai.com'"),
        (valohai(origin="app.valohai.com"), "vision: origin: "),
        (valohai(origin="*"), "lets every page write"),
        (valohai(access="full"), "vision: access 'full' is unknown, use one of documented, narrow"),
        (valohai(access=["narrow"]), "vision: access must be a text, put ['narrow'] in quotes"),
        (valohai(multipart="yes"), "vision: multipart must be true or false, not 'yes'"),
        (valohai(multipart=None), "vision: multipart is empty, give it a value or leave the line"),
        (valohai(holders={}), "vision: unknown setting 'holders'"),
        (of({"kind": "kopah"}), "vision: no bucket given"),
        (of({"kind": "valohai-swift"}), "vision: setting 'username' is missing: The OpenStack user"),
        (of({"kind": "valohai-swift", "username": ""}), "vision: username is empty: The OpenStack"),
        (of({"kind": "valohai-swift", "username": "x"}), "vision: setting 'auth_url' is missing"),
        (of({"kind": "lightly", "separate": True}), "separate is set without output, give that too"),
        # lists, mappings and numbers
        (valohai(keys="key"), "vision: keys must be a list, not 'key'; write [key]"),
        (valohai(keys=["a", "b", "c"]), "one or two"),
        (valohai(keys=[]), "one or two"),
        (valohai(keys=[7]), "vision: keys must be a text, put 7 in quotes"),
        (valohai(tags=["team"]), "vision: tags must be a mapping, not ['team']"),
        (valohai(tags={"aws:team": "x"}), "aws:"),
        (valohai(tags={"team": 7}), "vision: tags: team must be a text"),
        # places
        (s3(places=None), "vision: places is empty"),
        (of({"kind": "s3", "bucket": "b-1"}), "vision: setting 'places' is missing"),
        (s3(places={}), "vision: places is empty, a project needs at least one"),
        (s3(places=["data"]), "vision: places must be a mapping, not ['data']"),
        (s3(places={"My Data": {"access": ["read"]}}), "vision: place or holder 'My Data'"),
        (s3(places={7: {"access": ["read"]}}), "vision: places must have texts as names, put 7 in"),
        (s3(places={"data": "a/"}), "vision: places: data: must be a mapping of settings, not 'a/'"),
        (s3(places={"data": {}}), "vision: places: data: setting 'access' is missing"),
        (placed(access=[]), "vision: places: data: access is empty, name at least one verb"),
        (placed(access="read"), "data: access must be a list, not 'read'; write [read]"),
        (placed(access=["raed"]), "data: access 'raed' is unknown, use one of list, "),
        (placed(prefix=None), "vision: places: data: prefix is empty, give it a value or leave"),
        (placed(prefix=["a/"]), "vision: places: data: prefix must be a text, put ['a/'] in quotes"),
        (placed(prefix="a"), "did you mean 'a/'"),
        (placed(prefixes="a/"), "data: unknown setting 'prefixes', did you mean 'prefix'"),
        (placed(prefix="a/", keys=["b"]), "prefix and keys are both given, a place is one of the two"),
        (placed(keys=["a*"]), "has '*'"),
        (placed(prefix="a/", access=["multipart"]), "it cannot be granted on 'a/'"),
        (placed(access=["full", "read"]), "full access stands alone"),
        (swift(places={"data": {"prefix": "a/", "access": ["read"]}}), "Swift's rules are for whole"),
        # holders
        (s3(holders={"me": None}), "vision: holders: me: must be a mapping with 'as:', not None"),
        (s3(holders={"me": "user"}), "me: must be a mapping with 'as:', not 'user'"),
        (s3(holders={"me": {"name": "x"}}), "vision: holders: me: 'as:' is missing, start with it"),
        (held(**{"as": "usr"}), "vision: holders: me: as 'usr' is unknown, did you mean 'user'"),
        (held(**{"as": "robot"}), "vision: holders: me: as 'robot' is unknown, known are existing-r"),
        (held(**{"as": ["user"]}), "vision: holders: me: as '['user']' is unknown"),
        (held(**{"as": "user", "places": ["dta"]}), "place 'dta' is unknown, there are data"),
        (held(**{"as": "user", "places": "data"}), "me: places must be a list, not 'data'"),
        (held(**{"as": "user", "trusted": []}), "vision: holders: me: unknown setting 'trusted'"),
        (held(**{"as": "user", "name": "a b"}), "user name 'a b'"),
        (held(**{"as": "role", "trusted": ["me"]}), "principal 'me'"),
        (held(**{"as": "role", "trusted": [111122223333]}), "me: trusted must be a text, put 1111"),
        (held(**{"as": "role", "longest_session": "1h"}), "longest_session must be a whole number"),
        (held(**{"as": "role", "longest_session": True}), "longest_session must be a whole number"),
        (held(**{"as": "role", "longest_session": 60}), "session duration 60"),
        (held(**{"as": "role", "external_id": "ours", "session_name": "s"}), "are both given"),
        (held(**{"as": "existing-role"}), "vision: holders: me: setting 'name' is missing"),
        (held(**{"as": "job", "provider": "x", "subjects": "y"}), "subjects must be a list"),
        (held(**{"as": "principal", "principals": []}), "principals is empty, name at least one"),
        (
            s3(adopt=True, holders={"them": {"as": "principal", "principals": [SOMEBODY]}}),
            "vision: holders: them: the policy of an adopted bucket is not ours to change",
        ),
        (held(**{"as": "upload-role", "of": "you"}), "of 'you' is no holder with 'as: user'"),
        (held(**{"as": "profile"}), "vision: holders: me: as 'profile' is unknown"),
        (store(holders={"me": {"as": "user"}}), "as 'user' is unknown, known are profile"),
        (store(endpoint="s3.example.org"), "did you mean 'https://s3.example.org'"),
        (store(profile="my own"), "did you mean 'my-own'"),
        (store(holders={"me": {"as": "profile", "places": ["x"]}}), "place 'x' is unknown"),
        (swift(holders={"me": {"as": "key"}}), "as 'key' is unknown"),
        (swift(holders={"me": {"as": "temp-urls", "signed_by": "x"}}), "signed_by 'x' is unknown"),
        (swift(holders={"me": {"as": "user"}}), "vision: holders: me: setting 'username' is missing"),
        (swift(auth_url="https://a.example/v2.0"), "is for version 2.0, version 3 is needed"),
        (swift(project_id="mine"), "project ID 'mine' is no ID"),
        (swift(origins=["https://*.a.example"]), "is a pattern, which Swift does not know"),
        # CORS
        (s3(cors={}), "vision: cors must be a list, not {}"),
        (s3(cors=[{"origins": ["*"]}]), "vision: cors: setting 'methods' is missing"),
        (s3(cors=[{"origins": ["*"], "methods": ["PUT"]}]), "CORS origin '*' with PUT lets every"),
        (s3(cors=[{"origins": ["*"], "methods": ["POTS"]}]), "CORS method 'POTS' is unknown"),
        # two owners
        (
            {"projects": {"a": GOOD, "b": GOOD}},
            "b: the bucket 'my-valohai-bucket' belongs to project 'a' already, give each",
        ),
        ({"projects": {"a": GOOD, "b": GOOD | {"adopt": True}}}, "b: the bucket 'my-valohai-bucket'"),
        ({"projects": {"a": STORE | {"adopt": True}, "b": STORE}}, "a: the bucket 'a-bucket' belongs"),
        (
            {"projects": {
                each: {**S3, "bucket": each * 3, "holders": {"me": {"as": "role", "name": "one"}}}
                for each in "ab"
            }},
            "b: the role 'one' belongs to project 'a'",
        ),
        (
            {"projects": {
                each: {**S3, "bucket": each * 3, "holders": {"me": {"as": "user", "name": "one"}}}
                for each in "ab"
            }},
            "b: the user 'one' belongs to project 'a'",
        ),
        (
            {"projects": {
                each: {**SWIFT, "container": each, "holders": {
                    "urls": {"as": "temp-urls", "signed_by": "account"}}}
                for each in "ab"
            }},
            f"b: the temp-URL key of account '{'0' * 32}' belongs to project 'a'",
        ),
    ],
)  # fmt: skip
def test_one_clear_line(environment, message):
    """The line says whose setting, what was given and what to do."""
    assert message in complaint(environment)


@pytest.mark.parametrize(
    "environment",
    [
        held(**{"as": "role", "external_id": SECRET}),
        held(**{"as": "role", "external_id": [SECRET]}),
        held(**{"as": "role", "external_id": {SECRET: 1}}),
        held(**{"as": "role", "session_name": [SECRET]}),
        held(**{"as": "role", "external_id": "ours-4711", "session_name": [SECRET]}),
        of({"kind": "lightly", "external_id": SECRET}),
        of({"kind": "lightly", "external_id": [SECRET]}),
        of({"kind": "lightly", "external_id": "x", "role_name": "a b"}),
    ],
)
def test_a_secret_is_in_no_error(environment):
    """Neither what is wrong with it, nor what is wrong beside it."""
    assert complaint(environment).startswith("vision: ")


def test_a_secret_is_in_no_printed_project():
    """Who prints a project, for its own purposes, sees none."""
    [found] = loaded(held(**{"as": "role", "external_id": "ours-4711"}))

    assert "ours-4711" not in repr(found)


@pytest.mark.parametrize("wrong", [valohai(regoin="x"), s3(places={})])
def test_nothing_is_declared_and_pulumi_prints_one_line(program, paper, wrong):
    """The program raises what Pulumi prints without a traceback."""
    with pytest.raises(pulumi.RunError, match=r"^vision: "):
        program(wrong)

    assert paper.declared == []
    assert paper.components == []


def test_a_stack_name_that_no_bucket_could_carry(program, paper):
    """The environment's name becomes a part of names, so it is checked as well."""
    with pytest.raises(pulumi.RunError, match="Dev_1"):
        program(valohai(), stack="Dev_1")

    assert paper.declared == []


def test_a_branch_may_preview_and_deploy():
    """Who pushes to it has what is merged."""
    main = ["repo:my-org/my-repo:ref:refs/heads/main"]
    [each] = loaded(deployed(previews=main, deploys=main))

    assert each.project.subjects("dev", deploys=True) == tuple(main)


@pytest.mark.parametrize("twice", [{"places": ["a", "b"]}, {}])
def test_places_of_one_prefix_are_one(twice):
    """Their verbs add up, in one grant."""
    both = {"a": {"prefix": "x/", "access": ["read"]}, "b": {"prefix": "x/", "access": ["write"]}}
    [found] = loaded(s3(places=both, holders={"me": {"as": "user", **twice}}))

    [(name, place)] = found.project.of(found.project.holders["me"].places).items()
    assert (name, place.access) == ("a", ("read", "write"))


def test_examples_are_projects_too():
    """One for every consumer that is not in the file already, with its file's example."""
    body = {"namespace": "tests", "examples": True, "projects": {"lightly": {"kind": "lightly"}}}
    found = {each.project.name: each for each in loaded(body)}

    consumers = settings.consumers.load()
    assert set(found) == set(consumers)
    assert "people" not in found["lightly"].project.holders
    assert all(each.consumer is consumers[name] for name, each in found.items())


# --- a consumer's file ---

FILE = """
title: Tool
does: reads
kind: s3
sources: [{what: a page, read: 2026-11-21}]
settings:
  prefix: {is: prefix, default: "", about: Where., given: {project: {cors: []}}}
project: {places: {data: {prefix: "{prefix}", access: [read]}}, holders: {tool: {as: user}}}
form: {destination: a form, fields: {Bucket: "{bucket}"}}
"""


def consumer(text: str) -> Consumer:
    """A consumer of this file."""
    return read(Consumer, parse_yaml(text, "tool.yaml"), {"name": "tool"})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title: Tool", "", "setting 'title' is missing"),
        ("title: Tool", "title: 7", "title must be a text, put 7 in quotes"),
        ("title: Tool", "titel: Tool", "unknown setting 'titel', did you mean 'title'"),
        ("kind: s3", "kind: s4", "kind 's4' is unknown, use one of compatible, pipeline, s3, swift"),
        ("[{what: a page, read: 2026-11-21}]", "a page", "sources must be a list"),
        (", read: 2026-11-21", "", "sources: setting 'read' is missing"),
        ("is: prefix", "is: perfix", "settings: prefix: is 'perfix' is unknown, use one of acc"),
        ('default: ""', "default: 7", "settings: prefix: default must be a text"),
        ('default: ""', "default: a", "settings: prefix: default: prefix 'a'"),
        ("about: Where.,", "", "settings: prefix: setting 'about' is missing"),
        ("about: Where.", "about: Where., needs: x", "needs 'x', which is no setting"),
        ("is: prefix", "is: choice", "choices are for 'is: choice', which needs them"),
        ("is: prefix", "is: text, choices: {a: {}}", "choices are for 'is: choice'"),
        ("destination: a form,", "", "form: setting 'destination' is missing"),
    ],
)  # fmt: skip
def test_a_consumer_s_file_that_is_wrong(old, new, message):
    """One line, too, for whoever writes one."""
    assert old in FILE
    with pytest.raises(ValueError) as refused:
        consumer(FILE.replace(old, new))

    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"prefx": "a/"}, "unknown setting 'prefx', did you mean 'prefix'"),
        ({"prefix": "a"}, "prefix: prefix 'a'"),
        ({"prefix": None}, "prefix is empty, give it a value or leave the line out"),
        ({"places": {}}, "unknown setting 'places'"),
        ({"namespace": "x"}, "unknown setting 'namespace'"),
    ],
)
def test_what_a_consumer_is_not_given(given, message):
    """Its own settings and the generic kind's, but for what the consumer itself says."""
    with pytest.raises(ValueError) as refused:
        consumer(FILE).fill_in(given)

    assert message in str(refused.value)


def test_a_consumer_is_filled_in():
    """Settings in their texts, overlays over the project, and the generic kind's own beside it."""
    project, paste = consumer(FILE).fill_in({"prefix": "a/", "region": "eu-north-1"})

    assert project == {
        "places": {"data": {"prefix": "a/", "access": ["read"]}},
        "holders": {"tool": {"as": "user"}},
        "cors": [],
        "region": "eu-north-1",
    }
    assert (paste.form.fields, paste.settings) == ({"Bucket": "{bucket}"}, {"prefix": "a/"})
    bare, _ = consumer(FILE).fill_in({})
    assert "cors" not in bare
    assert bare["places"]["data"]["prefix"] == ""
