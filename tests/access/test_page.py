"""The report as a page: what it says without a script, and what a browser makes of it."""

import base64
import html.parser
import json
import re
import shutil
import subprocess
import time
from collections import Counter

import pytest

from object_access.access import difference, likeness, page, tables
from object_access.access import program as programs
from object_access.access import report as reports
from object_access.access.difference import Change, Turn
from object_access.access.headline import headline
from object_access.access.model import NOTHING, Answer, Findings, Kind, Party, Place, Verb
from object_access.access.proof import Evidence
from object_access.access.report import AccessReport, empty
from tests.access.test_access import shipped

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Page(html.parser.HTMLParser):
    """What is in a page: its elements, its text, what it would fetch and the rows of its table."""

    def __init__(self, text: str):
        super().__init__()
        self.opened, self.fetched, self.rows = [], [], []
        self.said = ""
        self._depth = []
        self.feed(text)
        self.close()
        assert self._depth == []  # every element that is opened is closed

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.opened.append(tag)
        self.rows += [given] if "data-row" in given else []
        self.fetched += [given[key] for key in ("src", "href", "srcset", "action") if key in given]
        if tag not in ("meta", "input", "br"):
            self._depth.append(tag)

    def handle_endtag(self, tag):
        assert self._depth.pop() == tag

    def handle_data(self, data):
        self.said += data


def may(*verbs: Verb, by: str = "grants > All"):
    """The answers of somebody who may do these."""
    return NOTHING | {verb: Answer(True, (by,), (f"s3:{verb}",)) for verb in verbs}


def report(projects: int, *more: tuple[Party, Place, dict]) -> AccessReport:
    """Projects of one shape: a user with all of a bucket, a role for two places in another. Its
    trust is an outsider's, and a page may read."""
    found = Findings()
    outsider = Party(Kind.OUTSIDER, "account 111122223333", {})
    web = Party(Kind.PAGE, "pages of https://app.example.com", {})
    found.principals["anonymous:anyone"] = Party(Kind.ANONYMOUS, "anyone", {})
    for number in range(projects):
        user = Party(Kind.USER, f"user-{number}", {"keys": 1, "key_slots": 2})
        trust = [{"who": outsider.id, "by": "trust > T", "external_id_required": True}]
        role = Party(Kind.ROLE, f"role-{number}", {"assumed_by": trust})
        own = Place(f"s3://own-{number}/", "", {})
        found.add(user, own, may(Verb.LIST, Verb.READ, Verb.DELETE, by=f"own-{number} > All"))
        found.add(web, own, may(Verb.READ))
        for prefix, verbs in (("", ()), ("in/", (Verb.READ,)), ("out/", (Verb.READ, Verb.WRITE))):
            found.add(role, Place(f"s3://shared-{number}/", prefix, {}), may(*verbs))
            found.add(outsider, Place(f"s3://shared-{number}/", prefix, {}), may(*verbs))
    for who, where, answers in more:
        found.add(who, where, answers)
    return AccessReport("prod", found, Evidence("123456789012"))


def sizes(found: Findings) -> list[int]:
    """How many there are of each class of principals."""
    colours = likeness.classes(found)
    return sorted(Counter(colours[each] for each in found.principals).values())


# --- who is alike ---


def test_projects_of_one_shape_are_alike_whatever_their_names():
    """Users of users, roles of roles; the world, the page and the outsider stand alone."""
    assert sizes(report(50).findings) == [1, 1, 1, 50, 50]


@pytest.mark.parametrize(
    ("what", "facts", "verbs"),
    [
        ("one verb more", {"keys": 1, "key_slots": 2}, (Verb.LIST, Verb.READ, Verb.ADMINISTER)),
        ("a second key", {"keys": 2, "key_slots": 2}, (Verb.LIST, Verb.READ, Verb.DELETE)),
        (
            "what no verb stands for",
            {"keys": 1, "key_slots": 2, "also": {"escalation": ["iam:PutUserPolicy"]}},
            (Verb.LIST, Verb.READ, Verb.DELETE),
        ),
    ],
)
def test_whoever_differs_is_not_hidden_among_them(what, facts, verbs):
    """In anything that a reader would want to know."""
    odd = Party(Kind.USER, "user-odd", facts), Place("s3://own-odd/", "", {}), may(*verbs)

    assert sizes(report(50, odd).findings) == [1, 1, 1, 1, 50, 50]


def test_who_is_trusted_without_an_external_id_is_not_like_who_is_with():
    """Nor is somebody whose neighbour is another."""
    found = report(50)
    found.findings.principals["role:role-7"].facts["assumed_by"][0]["external_id_required"] = False

    assert sizes(found.findings) == [1, 1, 1, 1, 49, 50]


# --- the headline ---


def test_the_headline_names_the_most_that_anyone_can_do():
    """Pages and outsiders have a sentence each; a whole bucket is called that."""
    assert headline(report(2)) == [
        "The most that anyone can do is delete: user-0 at s3://own-0/ (the whole bucket) and 1 "
        "more.",
        "Nobody gets in without login.",
        "The most that an outsider can do is write: account 111122223333 at s3://shared-0/out/ and "
        "1 more.",
        "The most that a page in a browser, with a request that somebody else has signed, can do "
        "is read: pages of https://app.example.com at s3://own-0/ (the whole bucket) and 1 more.",
    ]


def test_the_headline_names_the_one_who_can_do_more_than_all_others():
    """Among hundreds, and whoever can become more; who needs nobody's signature comes first."""
    web = Party(Kind.PAGE, "any web page", {})
    odd = Party(Kind.USER, "root-like", {"also": {"escalation": ["iam:PutUserPolicy"]}})
    anyone = Party(Kind.ANONYMOUS, "anyone without login", {})
    open_ = Place("swift://open/", "", {})
    found = report(
        300,
        (web, open_, may(Verb.ADMINISTER)),
        (odd, Place("s3://own-7/", "", {}), may(Verb.ADMINISTER)),
        (anyone, open_, may(Verb.LIST)),
    )

    told = headline(found)

    assert told[0].startswith("The most that anyone can do is administer: root-like at s3://own-7/")
    assert "Anyone without login can list at swift://open/ (the whole container)." in told
    assert told[-1] == "Who can become more than they are: root-like."


def test_nobody_in_an_empty_environment():
    """It says so, and names no one."""
    assert headline(empty("prod")) == [
        "Nobody gets in without login.", "No outsider gets in.", "No page in a browser gets in.",
    ]  # fmt: skip


# --- the page ---


def test_the_page_is_whole_and_fetches_nothing():
    """It parses, holds everybody and every place, and refers to nothing but itself."""
    found = shipped("guides")
    text = page.html(found)
    parsed = Page(text)

    assert parsed.fetched == ["#table"]
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", text)
    assert "default-src 'none'" in text
    assert {"header", "main", "table", "svg", "h1", "noscript"} <= set(parsed.opened)
    for each in found.findings.principals.values():
        assert each.name in parsed.said
    for each in found.findings.places.values():
        assert each.root in parsed.said
        assert each.prefix in parsed.said
    # One row, which needs no script, for every pair that may do something; refusals are data.
    assert len(parsed.rows) == len([*tables.allowed(found)])
    data = json.loads(re.search(r'id="data">(.*?)</script>', text)[1])
    assert len(data["links"]) == 3 * len(found.findings.access)


def test_names_cannot_become_code(tmp_path):
    """A resource may be called almost anything."""
    name = "</script><img src=x onerror=alert(1)>|`*"
    (tmp_path / "__main__.py").write_text(f"""
import pulumi_openstack as openstack
openstack.objectstorage.Container("it", name={name!r}, region="R")
""")
    found = reports.build("dev", programs.declared(tmp_path, "dev", {}))
    parsed = Page(page.html(found))

    assert "img" not in parsed.opened
    assert name in parsed.said
    assert f"`swift://{name[:-3]}\\|'*/ (the whole container)`" in tables.markdown(found)


def test_all_of_a_bucket_that_has_parts_is_one_line():
    """For who may do the same in each of them by the same statement; not for who is refused it, nor
    for who may do less somewhere."""
    every = Party(Kind.USER, "every", {})
    most = Party(Kind.USER, "most", {})
    parts = [Place("s3://lake/", prefix, {}) for prefix in ("", "a/", "b/")]
    found = AccessReport("prod", Findings(), Evidence("123456789012"))
    for place in parts:
        found.findings.add(every, place, may(Verb.READ))
        found.findings.add(most, place, may(Verb.READ) if place.prefix else NOTHING)

    text = page.html(found)

    said = re.findall(r'scope="row">(\w+)</th><td role="cell">([^<]*)</td>', text)
    assert said == [
        ("every", "s3://lake/ (the whole bucket)"), ("most", "s3://lake/a/"),
        ("most", "s3://lake/b/"),
    ]  # fmt: skip


def test_few_are_shown_one_by_one():
    """Nothing is folded in a report that is seen at once."""
    parsed = Page(page.html(report(10)))

    assert [row for row in parsed.rows if "more" in row.get("class", "")] == []
    assert " alike" not in parsed.said.partition('"use strict"')[0]


@pytest.mark.thorough
def test_five_hundred_projects_make_a_page_that_loads():
    """In 2 seconds and 2 MB; every line is in it, those alike but the first folded."""
    found = report(500)
    began = time.process_time()
    text = page.html(found)
    took = time.process_time() - began
    parsed = Page(text)

    assert took < 4  # half of it on an idle machine
    assert len(text.encode()) < 2_500_000
    assert len(parsed.rows) == len([*tables.allowed(found)]) == 3_000
    assert len([row for row in parsed.rows if "more" not in row.get("class", "")]) == 6


@pytest.mark.skipif(CHROMIUM is None, reason="needs `chromium` on PATH")
def test_what_a_browser_draws_of_hundreds(tmp_path):
    """A box for each class and a line for each pair of them; whoever is searched for has a box of
    their own; a name is text."""
    name = "<img src=x onerror=document.title='broken'>"
    odd = Party(Kind.USER, name, {}), Place("s3://own-odd/", "", {}), may(Verb.READ)
    probe = """<script>
const texts = () => [...document.querySelectorAll(".node")].map(each => each.firstChild.data);
const told = {first: texts(), lines: document.querySelectorAll(".link").length};
$("by-who").value = "USER-123"; $("by-who").dispatchEvent(new Event("input"));
told.searched = texts(); told.rows = document.querySelectorAll("[data-row]:not([hidden])").length;
$("by-who").value = ""; $("by-who").dispatchEvent(new Event("input"));
[...document.querySelectorAll(".node")].find(each => each.innerText.includes("user-0")).click();
told.opened = $("who").querySelectorAll(".node").length; told.count = $("count").textContent;
$("back").click(); told.back = texts().length;
document.body.innerHTML = `<pre id="told">${btoa(JSON.stringify(told))}</pre>`;
</script></body>"""
    file = tmp_path / "page.html"
    file.write_text(page.html(report(200, odd)).replace("</body>", probe))
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/p",
         "--dump-dom", file.as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    told = json.loads(base64.b64decode(re.search(r'id="told">(.*?)<', done.stdout)[1]))

    assert told["first"][:6] == [
        "anyone", "account 111122223333", "pages of https://app.example.com", name,
        "user-0 and 199 alike", "role-0 and 199 alike",
    ]  # fmt: skip
    places = ["in/", "out/", "the rest", "the whole bucket", "the whole bucket"]
    assert sorted(told["first"][6:]) == places
    assert told["lines"] == 7
    assert told["searched"] == ["user-123", "the whole bucket"]
    assert told["rows"] == 1
    assert told["opened"] == 60
    assert "the first 60 of 200 principals" in told["count"]
    assert told["back"] == len(told["first"])


# --- the comment of a pull request ---


def changes(number: int, **given) -> list[Change]:
    """So many, of somebody each; `{}` in what they say is their number."""
    default = {"turn": Turn.ADDED, "kind": Kind.USER, "where": ("s3://b/",), "what": "+ read"}
    listed = ({**default, "who": f"user-{each:06}", **given} for each in range(number))
    return [Change(**{**each, "what": each["what"].replace("{}", each["who"])}) for each in listed]


@pytest.mark.parametrize(
    "found",
    [
        changes(50),
        changes(5_000),
        changes(5_000, what="+ read of {}"),
        changes(3, what="|<" * 100_000),
        changes(500, where=tuple(f"s3://bucket-{each}/" for each in range(5_000))),
        changes(2, who="x" * 70_000),
    ],
    ids=["50", "5,000 alike", "5,000", "long words", "many places", "a long name"],
)
def test_a_comment_is_never_longer_than_it_may_be(found):
    """GitHub takes 65,536 signs; two environments have room in them. The verdict stays, and what is
    cut is counted."""
    text = difference.markdown("prod", found, "main")

    assert len(text) < 32_000
    assert text.startswith(f"### Access in `prod`: widened ({len(found)} added)")
    shown = text.count("🔴 added") + len(re.findall("^- `", text, flags=re.MULTILINE))
    assert 0 < shown <= len(found)
    cut = len(found) - shown
    told = f"**{cut:,} changes more are NOT shown here, {cut:,} of which open"
    assert (told in text) is (cut > 0)


def test_changes_that_say_the_same_are_a_row_and_a_list_of_all_names():
    """Those who differ in anything stay rows of their own, wherever they stand."""
    odd = changes(1, who="odd", what="+ administer", power=5)

    text = difference.markdown("prod", sorted([*changes(300), *odd], key=Change.risk), "main")

    assert text.count("🔴 added") == 2
    assert text.index("`odd` user") < text.index("`user-000000` user<br>**and 299 alike**, below")
    assert len(re.findall(r"^- `user-\d{6}` user at `s3://b/`$", text, flags=re.MULTILINE)) == 299
    assert "NOT shown" not in text
