"""What the clouds accept as names, stated a second time, and what a refusal tells the reader."""

import ast
import random
import re
import string
import sys
from collections.abc import Callable, Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.loaders import Loader
from hypothesis import given, settings
from hypothesis import strategies as st

from object_access import names

MANY = 1_000
PAIRS = 100_000
hunted = settings(max_examples=150, deadline=None, database=None)

LOWER = string.ascii_lowercase + string.digits
SUGGESTION = re.compile(r"did you mean (['\"])(.*)\1$")


def refusal(check: Callable[..., object], *args: Any, **kwargs: Any) -> str:
    """The message with which a check refuses: one line that begins in lower case."""
    try:  # pytest.raises would take most of the time of the tests that call this often
        accepted = check(*args, **kwargs)
    except ValueError as error:
        kind, message = type(error), str(error)
    else:
        pytest.fail(f"{args} accepted as {accepted!r}")
    assert kind is ValueError
    assert message.isprintable(), message
    assert message[0] in string.ascii_lowercase + string.digits, message
    return message


def accepts(check: Callable[[str], str], text: str) -> bool:
    """Whether a check lets the text through, which it then must not change."""
    try:
        assert check(text) == text
    except ValueError:
        return False
    return True


def suggestion(message: str) -> str | None:
    """What the message says was probably meant."""
    match = SUGGESTION.search(message)
    return match[2] if match else None


def pieces(*parts: str) -> st.SearchStrategy[str]:
    """Texts of these parts in any order, which meet a rule's edge far more often than any text."""
    return st.lists(st.sampled_from(parts), max_size=9).map("".join)


# --- buckets


def is_bucket_name(name: str) -> bool:
    """S3's rules for general purpose buckets, and the house's own: no dots."""
    return (
        3 <= len(name) <= 63
        and set(name) <= set(LOWER + "-")
        and name[0] != "-" != name[-1]
        and not name.startswith(("xn--", "sthree-", "amzn-s3-demo-"))
        and not name.endswith(("-s3alias", "--ol-s3", "--x-s3", "--table-s3", "-an"))
    )


def bucket_names(rng: random.Random, least: int = 3, most: int = 63) -> Iterator[str]:
    """Different good names, of the shortest and longest lengths more often than of others."""
    seen = set()
    while True:
        length = rng.choice([least, least + 1, most - 1, most, rng.randint(least, most)])
        middle = "".join(rng.choices(LOWER + "---", k=length - 2))
        name = rng.choice(LOWER) + middle + rng.choice(LOWER)
        if name not in seen and is_bucket_name(name):
            seen.add(name)
            yield name


def put(name: str, what: str, rng: random.Random) -> str:
    """The name with something put between two of its characters."""
    at = rng.randint(1, len(name) - 1)
    return name[:at] + what + name[at:]


BucketBreaker = Callable[[str, random.Random], str]
BROKEN_BUCKETS: dict[str, tuple[BucketBreaker, str]] = {
    "too long": (lambda name, rng: name + "".join(rng.choices(LOWER, k=61)), "S3 takes 3 to 63"),
    "capital": (
        lambda name, rng: put(name, rng.choice(string.ascii_uppercase), rng),
        "has capitals",
    ),
    "underscore": (lambda name, rng: put(name, "_", rng), "has an underscore"),
    "sign": (lambda name, rng: put(name, rng.choice(" !$%&()+,;=@~\n\t"), rng), " has '"),
    "not ascii": (lambda name, rng: put(name, rng.choice("äéßıſ٣中²😀"), rng), " has '"),
    "dot": (lambda name, rng: put(name, ".", rng), "has a dot, which breaks TLS"),
    "two dots": (lambda name, rng: put(name, "..", rng), "has a dot"),
    "address of the net": (
        lambda _, rng: ".".join(str(rng.randint(0, 255)) for _ in range(4)),
        "is an IP address",
    ),
    "begins with a hyphen": (lambda name, _: f"-{name}", "begins or ends with a hyphen"),
    "ends with a hyphen": (lambda name, _: f"{name}-", "begins or ends with a hyphen"),
    "address": (lambda name, _: f"s3://{name}", "is an address"),
    "address of a prefix": (lambda name, _: f"s3://{name}/some/prefix/", "is an address"),
    "prefix": (lambda name, rng: put(name, "/", rng), "has a '/', where a prefix begins"),
    "arn": (lambda name, _: f"arn:aws:s3:::{name}", "is an ARN"),
    "xn--": (lambda name, _: f"xn--{name}", "begins with 'xn--', which S3 reserves"),
    "sthree-": (lambda name, _: f"sthree-{name}", "begins with 'sthree-', which"),
    "sthree-configurator": (
        lambda name, _: f"sthree-configurator{name}",
        "begins with 'sthree-', which",
    ),
    "amzn-s3-demo-": (
        lambda name, _: f"amzn-s3-demo-{name}",
        "begins with 'amzn-s3-demo-', which S3 reserves",
    ),
    "-s3alias": (lambda name, _: f"{name}-s3alias", "ends with '-s3alias', which S3 reserves"),
    "--ol-s3": (lambda name, _: f"{name}--ol-s3", "ends with '--ol-s3', which S3 reserves"),
    ".mrap": (lambda name, _: f"{name}.mrap", "ends with '.mrap', which S3 reserves"),
    "--x-s3": (lambda name, _: f"{name}--x-s3", "ends with '--x-s3', which S3 reserves"),
    "--table-s3": (lambda name, _: f"{name}--table-s3", "ends with '--table-s3', which"),
    "-an": (lambda name, _: f"{name}-an", "ends with '-an', which S3 reserves"),
    "account-regional": (
        lambda name, rng: f"{name}-{rng.randint(10**11, 10**12 - 1)}-us-west-2-an",
        "ends with '-an', which S3 reserves",
    ),
}


def test_every_legal_bucket_name_is_accepted() -> None:
    """No name that follows the rules is refused, of the shortest and longest too."""
    good = list(islice(bucket_names(random.Random(1)), 2 * MANY))
    assert {len(name) for name in good} >= {3, 4, 62, 63}
    assert [name for name in good if not accepts(names.check_bucket_name, name)] == []


@pytest.mark.parametrize("rule", BROKEN_BUCKETS)
def test_a_bucket_name_that_breaks_one_rule_is_refused_for_it(rule: str) -> None:
    """A good name, broken in one way, is refused with a message that names the way; what the
    message suggests instead is a good name."""
    break_it, expected = BROKEN_BUCKETS[rule]
    rng = random.Random(rule)
    broken = {break_it(name, rng) for name in islice(bucket_names(rng, 4, 30), MANY + 50)}
    assert len(broken) >= MANY
    for name in broken:
        message = refusal(names.check_bucket_name, name)
        assert expected in message
        if (meant := suggestion(message)) is not None:
            assert is_bucket_name(meant)


def test_every_bucket_name_of_one_or_two_characters_is_refused() -> None:
    """All 1,332 short names of letters and digits are refused, with their length."""
    short = [*LOWER, *(first + second for first in LOWER for second in LOWER)]
    assert len(short) >= MANY
    for name in short:
        message = refusal(names.check_bucket_name, name)
        assert message == f"bucket name '{name}' has {len(name)} characters, S3 takes 3 to 63"


@hunted
@given(
    pieces("a", "7", "-", "--", ".", "x", "n", "xn--", "xn-", "sthree-", "amzn-s3-demo-")
    | pieces("a", "-s3alias", "--ol-s3", "ol-s3", "--x-s3", "--table-s3", "-an", "an", "\n", "A")
    | pieces("a" * 31, "b" * 30, "c" * 29, "d", "-", "an")
    | st.text(max_size=66)
)
def test_bucket_names_are_judged_as_the_rules_say(name: str) -> None:
    """Whatever the name, it is accepted exactly if the rules, written otherwise, accept it."""
    assert accepts(names.check_bucket_name, name) == is_bucket_name(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("s3://datalake/farm/", "'s3://datalake/farm/' is an address, did you mean 'datalake'"),
        ("s3://Data Lake", "'s3://Data Lake' is an address, did you mean 'data-lake'"),
        ("s3://", "'s3://' is an address, give the bare name"),
        ("arn:aws:s3:::datalake/*", "'arn:aws:s3:::datalake/*' is an ARN, did you mean 'datalake'"),
        (
            "datalake/farm",
            "'datalake/farm' has a '/', where a prefix begins, did you mean 'datalake'",
        ),
        ("My_Bucket", "'My_Bucket' has capitals, did you mean 'my-bucket'"),
        ("my_bucket", "'my_bucket' has an underscore, did you mean 'my-bucket'"),
        ("my bucket", "'my bucket' has ' ', did you mean 'my-bucket'"),
        (
            "my.bucket",
            "'my.bucket' has a dot, which breaks TLS to the bucket's own address, use hyphens",
        ),
        ("192.168.5.4", "'192.168.5.4' is an IP address, give the name of a bucket"),
        ("xn--data", "'xn--data' begins with 'xn--', which S3 reserves, rename it"),
        ("data--ol-s3", "'data--ol-s3' ends with '--ol-s3', which S3 reserves, rename it"),
        ("-data", "'-data' begins or ends with a hyphen, did you mean 'data'"),
        ("data\n", r"'data\n' has '\n', did you mean 'data'"),
        ("", "'' has 0 characters, S3 takes 3 to 63"),
        ("a" * 64, f"'{'a' * 64}' has 64 characters, S3 takes 3 to 63"),
        ("a" * 99, f"'{'a' * 80}'... has 99 characters, S3 takes 3 to 63"),
    ],
)
def test_a_refused_bucket_name_says_what_to_write_instead(name: str, message: str) -> None:
    """The message shows the name, what is wrong with it, and the name that was probably meant."""
    assert refusal(names.check_bucket_name, name) == f"bucket name {message}"


# --- regions


def botocore_regions() -> dict[str, tuple[str, str]]:
    """Partition and description of the regions that botocore knows, but for the isolated ones."""
    return {
        code: (partition["id"], region["description"])
        for partition in Loader().load_data("partitions")["partitions"]
        for code, region in partition["regions"].items()
        if partition["id"] in {"aws", "aws-cn", "aws-us-gov", "aws-eusc"}
        and not code.endswith("-global")
    }


def test_the_regions_that_botocore_knows_are_known() -> None:
    """A region that AWS adds, or that the table has in the wrong partition, shows here; the table
    may be ahead of the botocore that is installed."""
    ours = {code: region.partition for code, region in names.REGIONS.items()}
    theirs = {code: partition for code, (partition, _) in botocore_regions().items()}
    assert {code: ours.get(code) for code in theirs} == theirs
    assert len(ours) - len(theirs) < 5


def test_the_places_of_the_regions_are_those_of_botocore() -> None:
    """Each region is called by a place that AWS's description of it has, and no two share it."""
    for code, (_, description) in botocore_regions().items():
        assert names.REGIONS[code].place in description
    assert len({region.place.lower() for region in names.REGIONS.values()}) == len(names.REGIONS)


@pytest.mark.parametrize("code", names.REGIONS)
def test_a_region_is_accepted_by_its_code_only(code: str) -> None:
    """The code passes; its place, AWS's description of it, capitals and an availability zone are
    refused and lead to it."""
    assert names.check_region(code) == code
    place = names.REGIONS[code].place
    partition, description = botocore_regions().get(code, (names.REGIONS[code].partition, place))
    assert names.partition_of(code) == partition
    for said in (place, place.lower(), place.upper(), description, code.upper(), f"{code}a"):
        assert suggestion(refusal(names.check_region, said)) == code


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("Frankfurt", "'Frankfurt' is a city, did you mean 'eu-central-1'"),
        ("frankfurt", "'frankfurt' is a city, did you mean 'eu-central-1'"),
        ("Europe (Frankfurt)", "'Europe (Frankfurt)' is a city, did you mean 'eu-central-1'"),
        ("Ireland", "'Ireland' is a country, did you mean 'eu-west-1'"),
        ("Oregon", "'Oregon' is a state, did you mean 'us-west-2'"),
        ("N. Virginia", "'N. Virginia' is a place, did you mean 'us-east-1'"),
        ("Virginia", "'Virginia' is unknown, did you mean 'us-east-1'"),
        ("Zürich", "'Zürich' is unknown, did you mean 'eu-central-2'"),
        ("uswest-2", "'uswest-2' is unknown, did you mean 'us-west-2'"),
        ("eu-west1", "'eu-west1' is unknown, did you mean 'eu-west-1'"),
        ("us-weast-2", "'us-weast-2' is unknown, did you mean 'us-west-2'"),
        *(
            (
                nowhere,
                f"'{nowhere}' is unknown, regions look like 'eu-central-1', "
                "find yours at https://docs.aws.amazon.com/general/latest/gr/s3.html",
            )
            for nowhere in ("mars", "")
        ),
    ],
)
def test_a_refused_region_says_which_was_meant(region: str, message: str) -> None:
    """A place, a misspelt code and an unknown one are each told what to write."""
    assert refusal(names.check_region, region) == f"region {message}"


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_an_arn_is_in_the_partition_of_its_region(region: str, partition: str) -> None:
    """Buckets in China, GovCloud and the sovereign cloud have ARNs of their own."""
    assert names.bucket_arn("datalake", region) == f"arn:{partition}:s3:::datalake"


def test_no_arn_is_made_of_a_wrong_name_or_region() -> None:
    """A wildcard cannot slip into an ARN as a bucket, nor a city as a region."""
    assert "has '*'" in refusal(names.bucket_arn, "data*", "eu-west-1")
    assert "did you mean 'eu-west-2'" in refusal(names.bucket_arn, "datalake", "London")


# --- IAM names

IAM_LIMITS = {"user": 64, "role": 64, "group": 128, "policy": 128}


@pytest.mark.parametrize("kind", IAM_LIMITS)
def test_iam_names_are_judged_as_the_quotas_say(kind: str) -> None:
    """Names of one to the most characters of IAM's set pass, others do not."""
    rng, most = random.Random(kind), IAM_LIMITS[kind]
    legal = string.ascii_letters + string.digits + "_+=,.@-"
    for length in (1, 2, most - 1, most, *rng.choices(range(1, most + 1), k=MANY)):
        name = "".join(rng.choices(legal, k=length))
        assert names.check_iam_name(kind, name) == name  # type: ignore[arg-type]
        bad = put(f"{name}x", rng.choice(" /:*#'\"\\\n\x00éä\u017f中"), rng)
        assert refusal(names.check_iam_name, kind, bad).startswith(f"{kind} name ")
    for length in (0, most + 1, most + 2):
        assert refusal(names.check_iam_name, kind, "n" * length).endswith(
            f" has {length} characters, IAM takes 1 to {most}"
        )


def test_a_refused_iam_name_says_what_to_write_instead() -> None:
    """Spaces become hyphens in the suggestion; other characters are shown."""
    message = refusal(names.check_iam_name, "role", "my role")
    assert message == "role name 'my role' has ' ', did you mean 'my-role'"
    message = refusal(names.check_iam_name, "user", "rené")
    assert message == "user name 'rené' has 'é', use only letters, digits and _+=,.@-"


# --- tags

GOOD_TAGS = [
    {},
    {"owner": ""},
    {"k" * 128: "v" * 256},
    {"cost center": "team a/b = c:d+e-f_g.h@i"},
    {"Größe": "日本 ½ Ⅷ\u00a0٣"},
    {f"key-{index}": "" for index in range(50)},
]
BAD_TAGS = [
    ({f"key-{index}": "" for index in range(51)}, "51 tags given, at most 50 are allowed"),
    ({"": "v"}, "tag key has 0 characters, 1 to 128 are allowed"),
    ({"k" * 129: "v"}, "tag key has 129 characters, 1 to 128 are allowed"),
    ({"owner": "v" * 257}, "value of tag 'owner' has 257 characters, 0 to 256 are allowed"),
    ({"aws:owner": "v"}, "tag key begins with 'aws:', which AWS reserves, change 'aws:owner'"),
    ({"AwS:owner": "v"}, "tag key begins with 'aws:', which AWS reserves, change 'AwS:owner'"),
    ({"owner": "AWS:v"}, "value of tag 'owner' begins with 'aws:', which AWS reserves"),
    ({3: "v"}, "tag key is given as int, write it as a string"),
    ({"owner": 3}, "value of tag 'owner' is given as int, write it as a string"),
    ({"owner": None}, "value of tag 'owner' is given as NoneType, write it as a string"),
    ([("owner", "v")], "tags are given as list, give a mapping"),
    (None, "tags are given as NoneType, give a mapping"),
    *(
        ({"owner": f"a{sign}b"}, f"value of tag 'owner' has {sign!r} in {f'a{sign}b'!r}, use only")
        for sign in "#*?!%&,;<>[]{}|~^$'\"\\\t\n\x00\u0301😀€"
    ),
    ({"a#b": "v"}, "tag key has '#' in 'a#b', use only letters, digits, spaces and _.:/=+-@"),
]


@pytest.mark.parametrize("store", ["iam", "s3"])
def test_legal_tags_are_accepted_unchanged(store: Any) -> None:
    """Up to 50 tags of any script's letters and digits pass, as a mapping of one's own."""
    for tags in GOOD_TAGS:
        checked = names.check_tags(tags, store)
        assert checked == tags
        assert checked is not tags


@pytest.mark.parametrize("store", ["iam", "s3"])
def test_illegal_tags_are_refused(store: Any) -> None:
    """One tag too many, one character too long, a sign that is not allowed, AWS's own prefix."""
    for tags, message in BAD_TAGS:
        assert refusal(names.check_tags, tags, store).startswith(message)


def test_tag_keys_that_differ_by_case_are_one_to_iam_and_two_to_s3() -> None:
    """IAM would overwrite the first with the second, so it is refused there and only there."""
    tags = {"Team": "a", "Owner": "b", "team": "c"}
    message = refusal(names.check_tags, tags, "iam")
    assert message == "tag keys 'Team' and 'team' are one key to IAM, drop one of them"
    assert names.check_tags(tags, "s3") == tags


# --- prefixes


def is_prefix(prefix: str) -> bool:
    """Whole segments of what a policy takes literally."""
    segments = prefix.split("/")
    return prefix != "" and (
        segments.pop() == ""
        and not {"", ".", ".."} & set(segments)
        and not any(pattern in prefix for pattern in ("*", "?", "${"))
        and all(0x20 <= ord(sign) <= 0x7E or 0xA0 <= ord(sign) <= 0xFF for sign in prefix)
        and len(prefix.encode()) <= 1_024
    )


@hunted
@given(
    pieces("a", "/", "/", "b/", ".", "..", "$", "{", "}", "*", "?", "é", " ", "s3://", "\n")
    | pieces("a" * 511, "é" * 255, "b/", "é/", "/", "c")
)
def test_prefixes_are_judged_as_the_rules_say(prefix: str) -> None:
    """A prefix is accepted exactly if the rules, written otherwise, accept it; what is suggested
    instead of a refused one is accepted."""
    assert accepts(names.check_prefix, prefix) == is_prefix(prefix)
    if not is_prefix(prefix):
        refusal(names.check_prefix, prefix)


def test_a_prefix_holds_what_a_policy_takes_literally() -> None:
    """Of the first 512 characters the printable ones of Latin-1 pass inside a segment, but for
    `*` and `?`."""
    passed = [chr(code) for code in range(512) if accepts(names.check_prefix, f"a{chr(code)}b/")]
    latin = [chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x100))]
    assert passed == [sign for sign in latin if sign not in "*?"]


@pytest.mark.parametrize("prefix", ["a/", "projects/farm-animals/", "a b/ü/$x/{y}/...a/"])
def test_whole_segments_are_a_prefix(prefix: str) -> None:
    """One folder, folders in folders."""
    assert names.check_prefix(prefix) == prefix


def test_a_prefix_has_as_many_bytes_as_a_key() -> None:
    """1,024 bytes of UTF-8 pass, one more does not, however few characters they are."""
    assert names.check_prefix("ü" * 511 + "a/") == "ü" * 511 + "a/"
    message = refusal(names.check_prefix, "ü" * 512 + "/")
    assert message.endswith("... has 1025 bytes, keys have at most 1024, shorten it")


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        (
            "projects",
            "'projects' does not end with '/' and would open its neighbours, "
            "did you mean 'projects/'",
        ),
        ("/projects/", "'/projects/' begins with '/', did you mean 'projects/'"),
        ("", "'' is empty, give no prefix at all for the whole bucket"),
        ("/", "'/' begins with '/', drop it, or give no prefix for the whole bucket"),
        ("a//b/", "'a//b/' has an empty segment, did you mean 'a/b/'"),
        ("a/../b/", "'a/../b/' has a '.' or '..' segment, write the prefix out"),
        ("./a/", "'./a/' has a '.' or '..' segment, write the prefix out"),
        ("a/..", "'a/..' has a '.' or '..' segment, write the prefix out"),
        ("a/*", "'a/*' has '*', a pattern in IAM policies, did you mean 'a/'"),
        (
            "*",
            "'*' has '*', a pattern in IAM policies, "
            "write the prefix out, or give no prefix for the whole bucket",
        ),
        (
            "home/${aws:username}/",
            "'home/${aws:username}/' has '${', a pattern in IAM policies, "
            "write the prefix out, or give no prefix for the whole bucket",
        ),
        ("€/", "'€/' has '€', which no IAM policy holds, use plain Latin characters"),
        ("s3://datalake/farm/", "'s3://datalake/farm/' is an address, did you mean 'farm/'"),
        ("s3://datalake", "'s3://datalake' is an address, give only what follows the bucket"),
    ],
)
def test_a_refused_prefix_says_what_to_write_instead(prefix: str, message: str) -> None:
    """The message shows the prefix, what is wrong with it, and a good one where there is one."""
    assert refusal(names.check_prefix, prefix) == f"prefix {message}"
    if (meant := suggestion(message)) is not None:
        assert is_prefix(meant)


# --- origins


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://app.valohai.com",
        "http://localhost:3000",
        "http://localhost:*",
        "https://*.example.com",
        "https://*.apps.example.com:8443",
        "https://xn--bcher-kva.example",
        "http://10.0.0.1",
        "http://[::1]:8080",
        "http://example.com:443",
        "https://example.com:65535",
    ],
)
def test_an_origin_as_browsers_send_it_is_accepted(origin: str) -> None:
    """Scheme, host and port, with one `*` where it cannot reach another owner's domain."""
    assert names.check_origin(origin) == origin


@pytest.mark.parametrize(
    ("given_origin", "meant"),
    [
        ("https://app.valohai.com/", "https://app.valohai.com"),
        ("https://app.valohai.com/login?next=a#b", "https://app.valohai.com"),
        ("https://app.valohai.com?x", "https://app.valohai.com"),
        ("https://app.valohai.com#x", "https://app.valohai.com"),
        ("HTTPS://App.Valohai.com", "https://app.valohai.com"),
        ("https://app.valohai.com:443", "https://app.valohai.com"),
        ("http://example.com:80/", "http://example.com"),
        ("http://example.com:8080/", "http://example.com:8080"),
        ("https://*.example.com/*", "https://*.example.com"),
        ("app.valohai.com", "https://app.valohai.com"),
    ],
)
def test_what_is_nearly_an_origin_is_corrected(given_origin: str, meant: str) -> None:
    """A browser never sends these, so the rule would never match; the message has what would."""
    message = refusal(names.check_origin, given_origin)
    assert message == f"origin {given_origin!r} is not as browsers send it, did you mean {meant!r}"
    assert names.check_origin(meant) == meant


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "**",
        "https://",
        "https://*",
        "https://*.com",
        "https://*example.com",
        "https://app.*.com",
        "https://app.example.*",
        "https://*.*.example.com",
        "https://*.example.com:*",
        "http*://example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://exa mple.com",
        "https://example.com\n",
        "https://example..com",
        "https://-example.com",
        "https://bücher.example",
        "https://\u017f.example",
        "https://example.com:0",
        "https://example.com:65536",
        "https://example.com:port",
        "https://a.example https://b.example",
    ],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    """Other schemes, hosts that cannot be, and a `*` that reaches domains of others."""
    assert refusal(names.check_origin, origin) == (
        f"origin {origin!r} is no web origin, "
        "give one like 'https://app.example.com' or 'https://*.example.com', or '*' for all"
    )


@pytest.mark.parametrize(
    "origin",
    ["https://ann:hush@example.com/", "ann:hush@example.com", "https://ann:hu/hush@exa mple.com"],
)
def test_a_password_in_an_origin_is_not_repeated(origin: str) -> None:
    """Errors end up in logs."""
    message = refusal(names.check_origin, origin)
    assert "hush" not in message
    assert "ann" not in message


@hunted
@given(
    pieces("http://", "https://", "a", "b.c", ".", "-", ":", "80", "443", "/", "?", "@", "#", "*")
    | pieces("https://", "app", ".example", ".com", ":8080", "/", "A", "[::1]", "*.", "\n")
)
def test_an_accepted_origin_is_only_scheme_host_and_port(origin: str) -> None:
    """A URL parser finds nothing else in it; what is suggested instead of a refused one is good."""
    if accepts(names.check_origin, origin):
        url = urlsplit(origin)
        assert origin in {"*", f"{url.scheme}://{url.netloc}"}
        assert origin == "*" or (url.scheme in {"http", "https"} and url.hostname)
        assert "@" not in origin
        assert origin == origin.lower()
        assert origin.count("*") <= 1
    elif meant := suggestion(refusal(names.check_origin, origin)):
        assert names.check_origin(meant) == meant


# --- labels


def is_label(label: str) -> bool:
    """Words of lower-case letters and digits, joined by hyphens, with a letter first."""
    return (
        label[:1] in set(string.ascii_lowercase)
        and len(label) <= 40
        and all(word and set(word) <= set(LOWER) for word in label.split("-"))
    )


@hunted
@given(
    st.text(alphabet=[*"ab1.-_ /é\u20ac\n\x00", "\ud800"], max_size=90).map(lambda text: text * 3)
)
def test_container_names_are_judged_as_swift_does(name: str) -> None:
    """1 to 256 bytes of UTF-8 without `/`; ours also have nothing that a form or client drops."""
    encodable = not re.search("[\ud800-\udfff]", name)
    swift = encodable and 1 <= len(name.encode()) <= 256 and "/" not in name
    ours = name.strip() == name and name not in {".", ".."} and not re.search(r"[\x00-\x1f]", name)

    assert accepts(names.check_container_name, name) is (swift and ours)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "is empty"),
        ("a/b", "did you mean 'a'"),
        ("swift://data/x", "is an address, did you mean 'data'"),
        ("..", "is resolved away by HTTP libraries"),
        (" data", "did you mean 'data'"),
        ("a\x00b", "has the control character"),
        ("a" * 257, "has 257 bytes, Swift takes at most 256, shorten it"),
        ("\u20ac" * 86, "has 258 bytes"),
    ],
)
def test_a_refused_container_name_says_what_to_write_instead(name: str, message: str) -> None:
    """In one line."""
    assert message in refusal(names.check_container_name, name)


def test_the_longest_container_names_are_accepted() -> None:
    """The limit is on bytes."""
    for name in ("a" * 256, "\u20ac" * 85 + "a", "my-project-data", "two words"):
        assert names.check_container_name(name) == name


@pytest.mark.parametrize(
    "url",
    [
        "https://cloud.example.com:5000/v3",
        "https://cloud.example.com:5000/v3/",
        "https://cloud.example.com/identity/v3",
        "https://cloud.example.com/identity",
        "https://[2001:db8::1]:5000/v3",
        "http://127.0.0.1:35357",
    ],
)
def test_an_auth_url_is_accepted(url: str) -> None:
    """Of version 3, or without a version for clients that ask."""
    assert names.check_auth_url(url) == url


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "https://c.example.com:5000/v2.0",
            "is for version 2.0, version 3 is needed, did you mean 'https://c.example.com:5000/v3'",
        ),
        (
            "https://c.example.com/identity/v2.0/",
            "did you mean 'https://c.example.com/identity/v3'",
        ),
        ("https://c.example.com/auth/v1.0", "is for version 1.0"),
        (
            "https://c.example.com/v3/auth/tokens",
            "goes on after '/v3', did you mean 'https://c.example.com/v3'",
        ),
        ("c.example.com:5000/v3", "is no address of Keystone, give one like 'https://"),
        ("ftp://c.example.com/v3", "is no address of Keystone"),
        ("https://c.example.com:70000/v3", "is no address of Keystone"),
        ("https://c.example.com/v3?x=1", "is no address of Keystone"),
        ("https://c.example.com/v3 ", "is no address of Keystone"),
        ("https:///v3", "is no address of Keystone"),
        ("", "is no address of Keystone"),
    ],
)
def test_a_refused_auth_url_says_what_to_give_instead(url: str, message: str) -> None:
    """In one line; what it suggests is accepted."""
    told = refusal(names.check_auth_url, url)

    assert message in told
    if meant := suggestion(told):
        assert names.check_auth_url(meant) == meant


@pytest.mark.parametrize("rest", ["c.example.com/v3", "c.example.com/v2.0", "c", "/"])
@pytest.mark.parametrize("before", ["https://ann:hunter2@", "ann:hunter2@", "https://hunter2@"])
def test_a_password_in_an_auth_url_is_not_repeated(before: str, rest: str) -> None:
    """Whoever pastes one must not find it in a log."""
    assert "hunter2" not in refusal(names.check_auth_url, before + rest)


@hunted
@given(pieces("a", "z", "7", "-", "_", "A", "é", " ", "\n", "b" * 19, "c" * 18) | st.text())
def test_labels_are_judged_as_the_rules_say(label: str) -> None:
    """A label is accepted exactly if the rules, written otherwise, accept it; what is suggested
    instead of a refused one is a label."""
    assert accepts(lambda text: names.check_label("project", text), label) == is_label(label)
    if not is_label(label):
        meant = suggestion(refusal(names.check_label, "project", label))
        assert meant is None or is_label(meant)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (
            "My Project",
            "'My Project' is not lower-case letters, digits and single hyphens after a first "
            "letter, did you mean 'my-project'",
        ),
        (
            "2fast",
            "'2fast' is not lower-case letters, digits and single hyphens after a first letter, "
            "rename it",
        ),
        ("a" * 41, f"'{'a' * 41}' has 41 characters, shorten it to 40"),
    ],
)
def test_a_refused_label_says_what_to_write_instead(label: str, message: str) -> None:
    """The message begins with what the label is for."""
    assert refusal(names.check_label, "environment", label) == f"environment {message}"


# --- names made by program


def labels() -> list[str]:
    """Labels of few words, so that different pairs of them often join to the same text; some so
    long that what distinguishes them is cut off, some that begin as reserved names do."""
    short = ["-".join(words) for size in range(1, 8) for words in product("ab", repeat=size)]
    starts = ("sthree", "amzn-s3-demo", "x" * 30)
    return short + [f"{start}-{label}" for start in starts for label in short[:22]]


def is_iam_name(name: str) -> bool:
    """One to 64 characters of IAM's set."""
    return 1 <= len(name) <= 64 and set(name) <= set(string.ascii_letters + LOWER + "_+=,.@-")


def test_a_made_name_never_changes() -> None:
    """A name that was made once is made again by every later version: buckets stand behind it."""
    made = names.made("data", project="vision", environment="dev", namespace="acme", limit=63)
    assert made == "vision-dev-data-rhaska54lc"


def test_a_hundred_thousand_pairs_have_as_many_names() -> None:
    """However alike the projects and environments, their names differ, also if case is ignored;
    each is legal for a bucket, and so in IAM, which takes all that a bucket's name may hold."""
    words = labels()
    pairs = len(words) ** 2
    assert pairs >= PAIRS
    made = {
        names.made("data", project=project, environment=environment, namespace="", limit=63).lower()
        for project, environment in product(words, words)
    }
    assert len(made) == pairs
    assert len({name.rpartition("-")[2] for name in made}) == pairs, "the digests alone differ"
    assert all(map(is_bucket_name, made))


@pytest.mark.parametrize("project", ["xn", "sthree", "sthree-x", "amzn-s3-demo", "amzn-s3-demo-b"])
def test_a_made_name_is_legal_at_every_length(project: str) -> None:
    """Also for projects that are called as reserved names begin, wherever the cut falls: it leaves
    no hyphen before the digest's own."""
    for limit in range(12, 65):
        made = names.made("an", project=project, environment="s3-demo", namespace="", limit=limit)
        assert len(made) <= limit
        assert is_bucket_name(made) or limit > 63
        assert is_iam_name(made)
        assert re.fullmatch(r"([a-z0-9]+-)+[a-z2-7]{10}", made)


def test_a_made_name_can_be_read() -> None:
    """Project, environment and kind stand in it as far as there is room."""
    short = names.made("user", project="vision", environment="dev", namespace="n", limit=64)
    assert short.startswith("vision-dev-user-")
    long = names.made("user", project="p" * 40, environment="e" * 40, namespace="n", limit=64)
    assert long.startswith(f"{'p' * 40}-{'e' * 12}-")
    assert len(long) == 64


def test_each_part_of_a_made_name_counts() -> None:
    """Another kind, project, environment or namespace makes another name, and so does the same
    text divided otherwise among them."""
    alike = [
        ("c", "a", "b", "n"),
        ("d", "a", "b", "n"),
        ("c", "a", "b2", "n"),
        ("c", "a2", "b", "n"),
        ("c", "a", "b", "m"),
        ("c", "a", "b", ""),
        ("c", "a-b", "c", "n"),
        ("c", "a", "b-c", "n"),
        ("b-c", "a", "c", "n"),
        ("c", "a", "b", 'n", "a'),
        ("c", "a", "b", "\udcff"),
    ]
    made = {
        names.made(kind, project=project, environment=environment, namespace=namespace, limit=63)
        for kind, project, environment, namespace in alike
    }
    assert len(made) == len(alike)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"project": "Vision"}, "project 'Vision' is not lower-case letters"),
        ({"environment": "dev_1"}, "environment 'dev_1' is not lower-case letters"),
        ({"kind": ""}, "kind '' is not lower-case letters"),
        ({"namespace": None}, "namespace is given as NoneType, write it as a string"),
        ({"limit": 11}, "a name of 11 characters is too short, allow at least 12"),
    ],
)
def test_no_name_is_made_of_what_is_no_label(changed: dict[str, Any], message: str) -> None:
    """The parts are checked, so that the whole is legal; a limit must leave room for the digest."""
    good = {"kind": "data", "project": "p", "environment": "e", "namespace": "", "limit": 12}
    assert len(names.made(**good)) == 12  # type: ignore[arg-type]
    assert refusal(names.made, **{**good, **changed}).startswith(message)


# --- all of them


@pytest.mark.parametrize("value", [None, 3, b"data", ["data"], {"a": 1}, 1.5, True])
@pytest.mark.parametrize(
    ("what", "check"),
    [
        ("bucket name", names.check_bucket_name),
        ("region", names.check_region),
        ("region", names.partition_of),
        ("role name", lambda value: names.check_iam_name("role", value)),
        ("prefix", names.check_prefix),
        ("container name", names.check_container_name),
        ("auth URL", names.check_auth_url),
        ("origin", names.check_origin),
        ("project", lambda value: names.check_label("project", value)),
    ],
)
def test_what_is_no_text_is_refused_as_such(
    what: str, check: Callable[[Any], str], value: object
) -> None:
    """YAML makes numbers, lists and nothing of what was meant as a name: the message says so."""
    expected = f"{what} is given as {type(value).__name__}, write it as a string"
    assert refusal(check, value) == expected


def test_names_import_only_the_standard_library() -> None:
    """The gate and the report check names without Pulumi and without a cloud's SDK."""
    tree = ast.parse(Path(names.__file__).read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else ["." * node.level + (node.module or "")]
        )
    }
    assert "hashlib" in imported
    assert imported <= sys.stdlib_module_names - {"__future__"}


# --- delegation, keys, other stores


@pytest.mark.parametrize(
    ("external_id", "least", "message"),
    [
        ("a", 2, "has 1 characters, 2 to 1,224 are allowed"),
        ("a" * 1_225, 2, "has 1225 characters"),
        ("short", 10, "has 5 characters, 10 to 1,224"),
        ("with space", 2, "has ' ', use only letters, digits and _+=,.@:/-"),
        ("dollar$sign", 2, "has '$'"),
        (12, 2, "is given as int"),
    ],
)
def test_a_bad_external_id_is_refused_and_never_shown(external_id, least, message) -> None:
    """Consumers treat it like a passphrase: the message says what is wrong, not what it is."""
    told = refusal(lambda text: names.check_external_id(text, least), external_id)
    assert message in told
    assert len(str(external_id)) < 3 or str(external_id) not in told


@pytest.mark.parametrize("external_id", ["ab", "a" * 1_224, "farm-animals_+=,.@:/0"])
def test_a_good_external_id(external_id) -> None:
    """STS's whole alphabet, from 2 to 1,224 characters."""
    assert names.check_external_id(external_id) == external_id


@pytest.mark.parametrize(
    ("principal", "message"),
    [
        ("*", "is everyone"),
        ("12345", "is no principal"),
        ("arn:aws:sts::123456789012:assumed-role/a/b", "is a session, give the ARN of its role"),
        ("ec2.amazonaws.com", "is a service"),
        ("arn:aws:iam::123456789012:group/a", "is no principal"),
        ("arn:aws:iam::12345678901:root", "is no principal"),
        (" 123456789012", "did you mean '123456789012'"),
    ],
)
def test_bad_principals(principal, message) -> None:
    """Only what a trust policy can name and a consumer can be."""
    assert message in refusal(names.check_principal, principal)


@pytest.mark.parametrize(
    "principal",
    [
        "311530292373",
        "arn:aws:iam::311530292373:root",
        "arn:aws:iam::311530292373:role/path/Lightly",
        "arn:aws-cn:iam::311530292373:user/ann",
    ],
)
def test_good_principals(principal) -> None:
    """Accounts, roles and users of any partition."""
    assert names.check_principal(principal) == principal


@pytest.mark.parametrize("seconds", [3_599, 43_201, 0, -1, 3_600.5])
def test_session_durations_out_of_range(seconds) -> None:
    """One hour to twelve, in whole seconds."""
    assert f"session duration {seconds} given" in refusal(names.check_session_duration, seconds)


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("s3.kopah.uw.edu", "did you mean 'https://s3.kopah.uw.edu'"),
        ("https://s3.kopah.uw.edu/", "did you mean 'https://s3.kopah.uw.edu'"),
        ("https://s3.kopah.uw.edu:443", "did you mean 'https://s3.kopah.uw.edu'"),
        ("https://me:secret@s3.kopah.uw.edu", "'https://...@s3.kopah.uw.edu' has more"),
        ("ftp://s3.kopah.uw.edu", "is no address"),
        ("https://*.kopah.uw.edu", "is no address"),
        ("", "is no address"),
    ],
)
def test_bad_endpoints(endpoint, message) -> None:
    """Scheme, host and port, nothing else; a password in it is not shown."""
    told = refusal(names.check_endpoint, endpoint)
    assert message in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("check", "given", "message"),
    [
        (names.check_account, "12345", "give its 12 digits, in quotes"),
        (names.check_account, "1234-5678-9012", "did you mean '123456789012'"),
        (names.check_profile, "my profile", "did you mean 'my-profile'"),
        (names.check_profile, "", "is empty"),
        (names.check_profile, "a]\n[b", "has"),
        (names.check_directory, "mnt/x", "did you mean '/mnt/x'"),
        (names.check_directory, "/mnt/../etc", "has a '.' or '..' segment"),
        (names.check_directory, "/mnt/a,b c", "has ' '"),
        (names.check_kms_key_arn, "alias/mine", "is an alias"),
        (names.check_kms_key_arn, "1234abcd", "is no ARN of a key"),
    ],
)
def test_other_bad_values(check, given, message) -> None:
    """What cannot be written into a policy, a profile or a mount line."""
    assert message in refusal(check, given)
