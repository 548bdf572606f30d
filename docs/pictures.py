"""Writes docs/pictures/*.svg: what stands where, and each way of access. They are narrow enough for
a telephone, light or dark as the reader's screen, and need nothing at view time."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "pictures"
WIDTH, MARGIN, GAP, LINE = 360, 10, 14, 16  # pixels
STYLE = """\
text { font: 12.5px system-ui, sans-serif; fill: #1c2530 }
.title { font-weight: 600 } .said, .note { font-size: 11px; fill: #5a6573 }
rect { fill: #fff; stroke: #9aa3ad } .card { fill: #fbfaf8; stroke: #d9dde2 }
.theirs { fill: #e8f0fb; stroke: #2f74b5 } .ours { fill: #eef6ee; stroke: #3b8a5a }
.secret { fill: #fdf3e0; stroke: #c98a00; stroke-dasharray: 5 3 }
.arrow { stroke: #5a6573; stroke-width: 1.5; fill: none } .head { fill: #5a6573 }
@media (prefers-color-scheme: dark) {
  text { fill: #e8ebee } .said, .note { fill: #a5afba } rect { fill: #1c2229; stroke: #6a7480 }
  .card { fill: #14181d; stroke: #37404a } .theirs { fill: #16263a; stroke: #6cb4ff }
  .ours { fill: #16291d; stroke: #6fc08c } .secret { fill: #33270f; stroke: #f2b93b }
  .arrow { stroke: #a5afba } .head { fill: #a5afba }
}"""


class Box(NamedTuple):
    """Something that is there: a line in bold, and what is said of it."""

    title: str
    said: str = ""
    """Lines, each as long as the box is wide."""
    kind: str = "ours"
    """`ours` is made by the program, `theirs` was there, `secret` must be kept."""

    @property
    def lines(self) -> list[str]:
        """What is said of it, line by line."""
        return self.said.split("\n") if self.said else []

    @property
    def height(self) -> int:
        """In pixels."""
        return 28 + LINE * len(self.lines)


class Picture(NamedTuple):
    """Rows of boxes, and what goes on between a row and the next."""

    about: str
    rows: Sequence[Sequence[Box]]
    steps: Sequence[str]
    """What each row does with the next; empty where several arrows go down."""


def theirs(title: str, said: str = "") -> Box:
    """What was there before us."""
    return Box(title, said, "theirs")


BUCKET = Box("the bucket", "no public access, TLS only, encrypted")
PICTURES: Mapping[str, Picture] = {
    "architecture": Picture(
        "From one file to a hand-over",
        [
            [Box("stacks/environments/Pulumi.prod.yaml", "every project: who, where, how far")],
            [Box("the program", "stacks: settings, kinds, one file of data per consumer\n"
                 "components: bucket, user, role, container\n"
                 "policies: pure functions, the evaluator")],
            [Box("rehearse", "embedded\nstores that\nenforce access"),
             Box("report", "who can do\nwhat, proven\nfor all requests"),
             Box("pulumi up", "AWS, Swift or\nan S3-compa-\ntible store")],
            [Box("the hand-over", "typed, secrets marked, as the consumer takes it",
                 "secret")],
            [Box("check", "each promise tried,\nwith the consumer's\nown client"),
             theirs("the consumer", "its form, its file,\nits variables")],
        ],
        ["is read by", "", "", ""],
    ),
    "access-key": Picture(
        "An access key of a user",
        [
            [theirs("the tool, with the key in its settings")],
            [Box("access key ID and secret", "lasts until it is rotated; two at most",
                 "secret")],
            [Box("an IAM user", "no password; with these verbs at these prefixes")],
            [BUCKET],
        ],
        ["signs every request with", "is the key of", "may: list, read, write, delete"],
    ),
    "delegated-role": Picture(
        "A role for another account",
        [
            [theirs("the consumer's AWS account")],
            [Box("an external ID", "agreed by the two: without it the role is refused", "secret")],
            [Box("a role that trusts that account", "with these verbs at these prefixes")],
            [BUCKET],
        ],
        ["asks STS for the role, and says", "is what the trust asks for",
         "keys of the session: 1 to 12 hours, then anew"],
    ),
    "workload-role": Picture(
        "A role for a job: no secret is kept",
        [
            [theirs("a job in GitHub, GitLab or Kubernetes")],
            [theirs("its OpenID Connect provider", "signs who it is (sub), for whom (aud)")],
            [Box("a role that trusts such tokens", "of this provider, audience, subjects")],
            [BUCKET],
        ],
        ["asks for a token of", "STS, with the token", "keys of the session, an hour by default"],
    ),
    "machine": Picture(
        "A role for virtual machines",
        [
            [theirs("a program on the machine")],
            [theirs("the machine's metadata service", "gives keys to whoever is on the machine")],
            [Box("a role, in an instance profile", "with these verbs at these prefixes")],
            [BUCKET],
        ],
        ["asks at 169.254.169.254", "by its instance profile", "keys that AWS renews by itself"],
    ),
    "prefix-policy": Picture(
        "A policy for an identity that is there",
        [
            [theirs("a role or user that you have")],
            [Box("a managed policy", "any number of prefixes and buckets")],
            [Box("raw/", "list, read"), Box("labels/", "list, read, write"),
             theirs("all else", "refused")],
        ],
        ["gets, beside what it may already,", ""],
    ),
    "temp-url": Picture(
        "A container of Swift and temporary URLs",
        [
            [theirs("the tool that signs")],
            [Box("a temp-URL key", "of the container, or of the account; two slots", "secret")],
            [theirs("a page or a worker", "the URL is one object, one method, until it ends")],
            [Box("the container", "checks the signature; no user is asked for")],
        ],
        ["signs with", "an address with a signature", "GET or PUT"],
    ),
    "compatible": Picture(
        "A store with S3's interface and without IAM",
        [
            [theirs("the tool, with the operator's keys")],
            [Box("a profile of ~/.aws", "keys that the store's operator gave out", "secret")],
            [theirs("the store's own address", "such as Ceph: no users or roles of ours")],
            [Box("the bucket", "settings that the store knows; the keys open all of it")],
        ],
        ["signs every request with", "by its endpoint", "may do anything: nothing is narrower"],
    ),
}  # fmt: skip


def draw(picture: Picture) -> str:
    """The picture as SVG."""
    parts, y, last = [], MARGIN + 18, len(picture.rows) - 1
    parts.append(_text(WIDTH / 2, y, picture.about, "title"))
    y += 14
    for number, row in enumerate(picture.rows):
        height = max(each.height for each in row)
        wide = (WIDTH - 2 * MARGIN - GAP * (len(row) - 1)) / len(row)
        for place, each in enumerate(row):
            x = MARGIN + place * (wide + GAP)
            parts.append(f'<rect class="{each.kind}" x="{x:g}" y="{y}" width="{wide:g}"'
                         f' height="{height}" rx="7"/>')  # fmt: skip
            parts.append(_text(x + wide / 2, y + 19, each.title, "title"))
            parts += [_text(x + wide / 2, y + 36 + LINE * n, line, "said")
                      for n, line in enumerate(each.lines)]  # fmt: skip
        y += height
        if number < last:
            below = picture.rows[number + 1]
            most = max(len(row), len(below))
            for place in range(most):
                x = MARGIN + 24 + place * (WIDTH - 2 * MARGIN + GAP) / most
                parts += _arrow(x, y, picture.steps[number] if not place else "")
            y += 40
    height = y + MARGIN
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="img" aria-label="{escape(picture.about)}">',
        f"<style>\n{STYLE}\n</style>",
        f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>',
        *parts, "</svg>", "",
    ])  # fmt: skip


def _arrow(x: float, y: int, step: str) -> list[str]:
    parts = [f'<path class="arrow" d="M{x:g} {y + 2}V{y + 32}"/>',
             f'<path class="head" d="M{x - 5:g} {y + 30}l5 8l5-8Z"/>']  # fmt: skip
    if step:
        parts.append(f'<text class="note" x="{x + 14:g}" y="{y + 24}">{escape(step)}</text>')
    return parts


def _text(x: float, y: int, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y}" text-anchor="middle">{escape(text)}</text>'


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, each in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(draw(each))
