"""What there is already: nobody's data or access ends by a change of the environment's file."""

import json
import re

import pulumi
import pytest

from object_access.access import program as report
from stacks import existing, look

ACCOUNT = "123456789012"
S3 = {"kind": "lightly", "access": "user", "bucket": "my-data-1", "prefix": "raw/"}


def environment(**projects):
    """One with these projects."""
    return {"namespace": "mine", "projects": projects}


@pytest.fixture
def held(program, paper, monkeypatch):
    """Bring an environment up: the stack's state is then what the engine would tell."""
    registered = {}

    def register(component, outputs):
        def keep(given):
            registered[component._type, component._name] = given[1]

        pulumi.Output.all(component.urn, outputs).apply(keep)

    monkeypatch.setattr(pulumi.ComponentResource, "register_outputs", register)

    def bring_up(**projects):
        outputs = program(environment(**projects))
        made = {each[:2]: each.inputs for each in paper.declared} | registered
        paper.state = {
            f"urn:pulumi:dev::object-access::{kind}::{name}": {"outputs": each}
            for (kind, name), each in made.items()
        }
        for seen in (paper.declared, paper.components, paper.asked):
            seen.clear()
        return outputs

    return bring_up


def refusal(program, paper, **projects):
    """The one line by which an environment is refused, before anything is declared."""
    with pytest.raises(pulumi.RunError) as refused:
        program(environment(**projects))
    assert paper.declared == []
    assert "\n" not in str(refused.value)
    return str(refused.value)


# --- what would go ---


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({"other": {**S3, "bucket": "other-1"}}, "is protected, and this change would delete it"),
        ({"farm": {**S3, "adopt": True}}, "'my-data-1' is protected"),
        ({"farm": {**S3, "bucket": "my-data-2"}}, "'my-data-1' is protected"),
        ({"barn": S3}, "set 'was: [farm]'"),
    ],
)
def test_protected_data_does_not_go(held, program, paper, after, said):
    """Its project is gone, adopts it, has another bucket or another name: each is told what to do."""
    held(farm=S3)

    told = refusal(program, paper, **after)

    assert told.startswith("farm: ")
    assert said in told
    assert "'leave: true'" in told


@pytest.mark.parametrize(
    "settings", [{"protect": False}, {"protect": False, "force_destroy": True}]
)
def test_data_that_is_not_protected_goes_with_its_project_alone(held, program, paper, settings):
    """Whoever lists the bucket still, to adopt it or in another project, would lose it."""
    held(farm=S3 | settings, more=S3 | {"bucket": "more-1"})

    assert "is what 'farm' uses" in refusal(
        program, paper, farm=S3 | {"adopt": True}, more=S3 | {"bucket": "more-1"}
    )
    assert "is what 'barn' uses" in refusal(program, paper, barn=S3, more=S3 | {"bucket": "more-1"})
    program(environment(more=S3 | {"bucket": "more-1"}))
    assert paper.kinds().count("Bucket") == 1


def test_the_last_project_goes_like_any_other(held, program, paper):
    """`projects: {}` says that there is none; what is protected stays all the same."""
    held(farm=S3)
    assert "is protected" in refusal(program, paper)
    held(farm=S3 | {"protect": False})
    program(environment())
    assert paper.kinds() == []


def test_a_project_that_stays_does_not_leave_objects_behind_half_way(held, program, paper):
    """Without `force_destroy` only an empty bucket goes, and the new one would be there by then."""
    held(farm=S3 | {"protect": False})

    told = refusal(program, paper, farm=S3 | {"protect": False, "bucket": "my-data-2"})

    assert "'my-data-1' may hold objects" in told


def test_a_bucket_that_was_left_can_be_adopted(held, program, paper, monkeypatch):
    """`leave` first, and `adopt` with the next update; or the project goes."""
    monkeypatch.setattr(existing, "check", lambda *_: None)
    held(farm=S3 | {"leave": True})

    program(environment(farm=S3 | {"adopt": True}))

    assert "Bucket" not in paper.kinds()


def test_leave_is_neither_protected_nor_deleted(program, paper):
    """Pulumi lets go of the bucket; whoever wants its objects gone, too, is asked to choose."""
    program(environment(farm=S3 | {"leave": True}))
    assert paper.one("Bucket")["forceDestroy"] is False

    said = "leave and force_destroy are both given"
    with pytest.raises(pulumi.RunError, match=said):
        program(environment(farm=S3 | {"leave": True, "force_destroy": True}))


def test_a_project_under_a_new_name_is_what_it_was(held, program, paper):
    """Nothing is asked for, nothing would go, and what a program named is named as before."""
    before = held(farm={**S3, "bucket": ""})

    after = program(environment(barn={**S3, "bucket": "", "was": ["farm"]}))

    assert paper.asked == []
    assert before["farm"][0]["where"] == after["barn"][0]["where"]


def test_a_former_name_is_nobody_elses(program, paper):
    """Two projects cannot both be it."""
    told = refusal(program, paper, farm=S3, barn=S3 | {"bucket": "b-1-b", "was": ["farm"]})
    assert "the name 'farm' belongs to project 'farm' already" in told


@pytest.mark.parametrize(
    "kind",
    [
        {"kind": "lightly", "prefix": "raw/"},
        {"kind": "mountpoint", "region": "eu-west-1"},
        {"kind": "modelstore"},
    ],
)
def test_another_kind_keeps_the_data(held, program, paper, kind):
    """The bucket is the same component under the same name, whoever uses it."""
    held(farm={"kind": "valohai-s3"})

    program(environment(farm=kind))

    assert "getBucket" not in " ".join(paper.asked)
    assert paper.one("Bucket", "farm")


@pytest.mark.parametrize(
    "removal", [{}, {"leave": True}, {"protect": False, "force_destroy": True}]
)
def test_nothing_stored_moves_to_another_region(held, program, paper, removal):
    """It would be deleted here, and made anew there; another kind's region may be another one."""
    held(farm=S3 | removal)

    told = refusal(program, paper, farm=S3 | removal | {"region": "us-east-1"})
    assert told.startswith("farm: 'my-data-1' is in eu-west-1, and what is stored does not move")
    mountpoint = {"kind": "mountpoint", "bucket": "my-data-1"} | removal
    assert "set 'region: eu-west-1'" in refusal(program, paper, farm=mountpoint)


def test_a_store_of_another_address_is_another_bucket(held, program, paper):
    """The same for an S3-compatible one."""
    store = {"kind": "compatible", "bucket": "my-data-1", "profile": "lab",
             "places": {"all": {"access": ["read"]}}, "holders": {"it": {"as": "profile"}}}  # fmt: skip
    held(farm=store | {"endpoint": "https://one.example.org"})

    told = refusal(program, paper, farm=store | {"endpoint": "https://two.example.org"})

    assert "set 'endpoint: https://one.example.org'" in told


def test_was_joins_no_two_projects(held, program, paper):
    """One of the two buckets would go, and both names would be the first one's."""
    held(farm=S3 | {"protect": False}, barn=S3 | {"bucket": "b-1-b", "protect": False})

    told = refusal(program, paper, barn=S3 | {"bucket": "b-1-b", "protect": False, "was": ["farm"]})

    assert "are two projects of this stack" in told


def test_a_bucket_that_was_never_made_holds_nobody_back(held, program, paper):
    """Its name was somebody else's, and the first update ended there: another name will do."""
    held(farm=S3)
    paper.state = {urn: each for urn, each in paper.state.items() if "s3/bucket:" not in urn}

    program(environment(farm=S3 | {"bucket": "another-1"}))

    assert paper.one("Bucket", "farm")["bucket"] == "another-1"


# --- what is taken ---


def test_what_the_stack_holds_is_not_asked_for(held, program, paper):
    """A second update asks no cloud; the first one asks for each name once."""
    bare = environment(farm=S3)
    program(bare)
    asked = [re.sub(r"-\w{10}$", "", each) for each in paper.asked]
    assert sorted(asked) == [
        "getBucket my-data-1", "getPolicy farm-dev-lightly", "getUser farm-dev-lightly",
    ]  # fmt: skip

    paper.declared.clear()
    held(farm=S3)
    program(bare)
    assert paper.asked == []


@pytest.mark.parametrize(
    ("project", "taken", "word"),
    [
        (S3, "my-data-1", "bucket"),
        (S3 | {"role_name": "their-user"}, "their-user", "user"),
        (S3 | {"access": "delegated", "role_name": "their-role"}, "their-role", "role"),
    ],
)
def test_what_somebody_else_has_is_refused_before_anything(program, paper, project, taken, word):
    """The other stack's bucket, user or role stays theirs; the line to take it in is exact."""
    paper.existing[taken] = {"arn": f"arn:aws:x::{ACCOUNT}:{taken}"}

    told = refusal(program, paper, farm=project)

    assert told.startswith(f"farm: the {word} '{taken}' exists already, and not by this stack")
    line = json.loads(re.search(r"echo '(.*)'", told)[1])
    component, resource = line["resources"]
    assert resource["type"].endswith(f":{word.title()}")
    assert (resource["id"], resource["parent"]) == (taken, component["name"])
    assert component["logicalName"] == resource["name"]


def test_a_policy_is_taken_in_by_its_arn(program, paper):
    """IAM's other things have their names as IDs."""
    holder = {"as": "existing-role", "name": "there"}
    places = {"all": {"access": ["read"]}}
    project = {"kind": "s3", "bucket": "my-data-1", "places": places, "holders": {"it": holder}}
    program(environment(farm=project))
    [policy] = [each.split()[1] for each in paper.asked if each.startswith("getPolicy")]
    paper.declared.clear()
    paper.existing[policy] = {"arn": f"arn:aws:iam::{ACCOUNT}:policy/{policy}"}

    told = refusal(program, paper, farm=project)

    assert f'"id": "arn:aws:iam::{ACCOUNT}:policy/{policy}"' in told


def test_a_name_that_moves_within_the_stack(held, program, paper):
    """IAM refuses the new one while the old one is there."""
    role = {"as": "role", "name": "shared-role", "trusted": ["111122223333"]}
    one = {"kind": "s3", "bucket": "my-data-1", "places": {"all": {"access": ["read"]}}}
    held(farm=one | {"holders": {"first": role}})

    told = refusal(program, paper, farm=one | {"holders": {"second": role}})

    assert told.startswith("farm: the role 'shared-role' is in this stack already")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"role_name": "name-a"}, {"role_name": "name-b"}),
        ({"access": "delegated", "role_name": "name-a"},
         {"access": "delegated", "role_name": "name-b"}),
    ],
)  # fmt: skip
def test_two_projects_do_not_swap_names_at_once(held, program, paper, one, other):
    """Each is made before the other one goes: IAM would refuse it half-way, again and again."""
    barn = S3 | {"bucket": "b-1-b"}
    held(farm=S3 | one, barn=barn | other)

    told = refusal(program, paper, farm=S3 | other, barn=barn | one)

    assert "'name-b' is in this stack already" in told


def test_two_projects_do_not_swap_buckets_at_once(held, program, paper):
    """Not even those that would be left where they are."""
    left = S3 | {"leave": True}
    held(farm=left, barn=left | {"bucket": "b-1-b"})

    told = refusal(program, paper, farm=left | {"bucket": "b-1-b"}, barn=left)

    assert "the bucket 'b-1-b' is in this stack already" in told


def test_iam_knows_no_case(held, program, paper):
    """A user whose name changes by that alone is refused as another one would be."""
    held(farm=S3 | {"role_name": "robot"})

    assert "'Robot' is in this stack already" in refusal(
        program, paper, farm=S3 | {"role_name": "Robot"}
    )


@pytest.mark.usefixtures("unlooked")
def test_a_container_of_another_region_is_another_one(held, program, paper):
    """Two regions may have containers of the same name."""
    swift = {"kind": "valohai-swift", "key": "container", "container": "data", "username": "u",
             "auth_url": "https://identity.example.org:5000/v3", "project_id": "0" * 32}  # fmt: skip
    held(farm=swift)

    program(environment(farm=swift, barn=swift | {"region": "RegionTwo"}))

    assert paper.kinds().count("Container") == 2


def test_a_report_looks_at_nothing(held, program, paper, monkeypatch):
    """It reaches no cloud and has no state."""
    held(farm=S3)
    monkeypatch.setenv(report.LOOK, "no")

    program(environment(barn=S3))

    assert paper.asked == []


# --- keys that end ---


@pytest.fixture
def warned(monkeypatch):
    """What the program warned of."""
    lines = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: lines.append(text))
    return lines


@pytest.mark.parametrize(
    ("keys", "warns"),
    [(["key"], False), (["key", "2026-11"], False), (["2026-11"], True)],
)
def test_a_key_that_ends_at_once(held, program, warned, keys, warns):
    """Whoever has what was handed over is interrupted."""
    held(farm=S3)

    program(environment(farm=S3 | {"keys": keys}))

    assert [each.startswith("farm: key 'key' ends with this update") for each in warned] == [
        True
    ] * warns
    if warns:
        assert f"set keys: [key, {keys[-1]}] first" in warned[0]


def test_the_key_that_was_handed_over_ends(held, program, warned):
    """Though an older one goes on, which may even have been switched off."""
    held(farm=S3 | {"keys": ["key", "next"], "inactive": ["key"]})

    program(environment(farm=S3 | {"keys": ["key"]}))

    assert [each.partition(" with")[0] for each in warned] == ["farm: key 'next' ends"]


@pytest.mark.parametrize(
    ("keys", "then"),
    [
        (["a", "b"], ["b", "c"]),
        (["a", "b"], ["c"]),
        (["a"], ["b", "c"]),
    ],
)
def test_no_third_key_not_even_for_a_moment(held, program, paper, keys, then):
    """IAM would refuse it half-way, and at every update from then on."""
    held(farm=S3 | {"keys": keys})

    told = refusal(program, paper, farm=S3 | {"keys": then})

    assert f"has keys: [{', '.join(keys)}], and would for a moment have keys: [" in told


@pytest.mark.usefixtures("unlooked")
def test_a_temp_url_key_that_ends_at_once(held, program, warned):
    """The same for Swift's."""
    swift = {
        "kind": "valohai-swift", "key": "container", "container": "data", "username": "u",
        "auth_url": "https://identity.example.org:5000/v3", "project_id": "0" * 32,
    }  # fmt: skip
    held(farm=swift)

    program(environment(farm=swift | {"keys": ["2026-11"]}))

    assert [each.partition(";")[0] for each in warned] == [
        "farm: key 'key' ends with this update, and with it what was pasted"
    ]


@pytest.mark.usefixtures("unlooked")
def test_another_signer_of_temp_urls(held, program, warned):
    """The container's key ends, though the account's has the same name."""
    swift = {"kind": "valohai-swift", "container": "data", "username": "u",
             "auth_url": "https://identity.example.org:5000/v3", "project_id": "0" * 32}  # fmt: skip
    held(farm=swift | {"key": "container"})

    program(environment(farm=swift | {"key": "account"}))

    assert [each.partition(" end with")[0] for each in warned] == [
        "farm: the container's temp-URL keys"
    ]


def test_a_user_of_another_name(held, program, warned):
    """It is another user with another key."""
    held(farm=S3 | {"role_name": "old-name"})

    program(environment(farm=S3 | {"role_name": "new-name"}))

    [line] = warned
    assert line.startswith("farm: user 'old-name' is made anew as 'new-name'")


def test_a_role_of_another_name_and_a_user_that_becomes_one(held, program, warned):
    """What was pasted of them ends, too."""
    role = S3 | {"access": "delegated"}
    held(farm=role | {"role_name": "old-name"}, barn=S3 | {"bucket": "b-1-b"})

    program(environment(farm=role | {"role_name": "new-name"}, barn=role | {"bucket": "b-1-b"}))

    made_anew, goes = sorted(warned, reverse=True)
    assert made_anew.startswith("farm: role 'old-name' is made anew as 'new-name'")
    assert goes.startswith("barn: user 'barn-dev-lightly-")
    assert "goes, and its access ends with this update" in goes


def test_objects_that_go_are_told(held, program, warned):
    """`force_destroy` was meant for another day, maybe."""
    loose = S3 | {"protect": False, "force_destroy": True}
    held(farm=loose)

    program(environment(farm=loose | {"bucket": "my-data-2"}))

    assert warned == ["farm: 'my-data-1' goes with this update, objects and all"]


# --- what stands in the open ---


def test_an_external_id_in_the_open(warned, program, monkeypatch):
    """It is told where it stands, and not itself; encrypted there it is in no log."""
    role = {
        "as": "role",
        "trusted": ["arn:aws:iam::111122223333:user/x"],
        "external_id": "canary-1",
    }
    lab = {"kind": "s3", "places": {"all": {"access": ["read"]}}, "holders": {"it": role}}
    program(environment(lab=lab))

    [line] = warned
    assert line.endswith("--path 'object-access:environment.projects.lab.holders.it.external_id'")
    assert "canary-1" not in line

    monkeypatch.setattr(look, "is_config_secret", lambda key: key == "object-access:environment")
    program(environment(lab=lab))
    assert len(warned) == 1
