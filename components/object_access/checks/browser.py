"""What pages in a browser may do with a bucket, by its CORS rules: preflights, links and forms."""

from typing import Any

import requests

from ..handover.model import Cors, Foreign
from ..policies.cors import METHODS, first_match
from .check import Checks, Failed, NotPromised, Refused, allowed, refused
from .subject import Subject, can

ELSEWHERE = "https://elsewhere.example"
UNASKED = "x-nobody-named-this"


class BrowserChecks(Checks):
    """The pages that a hand-over names, and one that it does not."""

    def __init__(self, subject: Subject):
        self._subject = subject
        self._rules = [_rule(each) for each in subject.handover.cors]

    @allowed("its pages may, by preflight: {granted}")
    def preflights(self) -> None:
        if not self._subject.handover.cors:
            raise NotPromised
        for rule in self._subject.handover.cors:
            for origin in rule.origins:
                for method in rule.methods:
                    asked = _page(origin)
                    answer = self._preflight(asked, method, rule.headers)
                    expect(answer, 200, {asked, "*"} if origin == "*" else {asked})

    @allowed("a page shows a file by a presigned link")
    def link(self) -> None:
        rules = [each for each in self._subject.handover.cors if "GET" in each.methods]
        if not rules:
            raise NotPromised
        holder, place = self._who("read")
        s3 = self._subject.s3(holder)
        key = self._subject.seed(holder, self._subject.handover.places[place])
        for origin in {_page(each) for rule in rules for each in rule.origins}:
            answer = self._subject.presigned(s3, key, Origin=origin)
            expect(answer, 200, {origin, "*"})
            applied = first_match(self._rules, origin, "GET")
            shown = answer.headers.get("Access-Control-Expose-Headers", "").lower()
            for each in applied["ExposeHeaders"] if applied else ():
                if each.lower() not in shown:
                    raise Failed(f"the page may not read {each}")

    @allowed("a form on its page uploads")
    def form(self) -> None:
        rule = next((each for each in self._subject.handover.cors if "POST" in each.methods), None)
        if rule is None:
            raise NotPromised
        holder, place = self._who("write")
        key = self._subject.key(self._subject.handover.places[place], "-form")
        s3 = self._subject.s3(holder)
        form = s3.generate_presigned_post(self._subject.bucket, key, ExpiresIn=60)
        self._subject.wrote(key)
        answer = self._subject.http(
            "POST",
            form["url"],
            data=form["fields"],
            files={"file": ("check.txt", b"check")},
            headers={"Origin": rule.origins[0]},
        )
        expect(answer, 204, {rule.origins[0]})

    @refused("its own pages and others, by preflight: what no rule names", "403 AccessForbidden")
    def elsewhere(self) -> None:
        tried = 0
        for origin in self._origins:
            for method in METHODS:
                for headers in ((), (UNASKED,)):
                    if first_match(self._rules, origin, method, headers):
                        continue
                    tried += 1
                    answer = self._preflight(origin, method, headers)
                    if (
                        answer.status_code != 403
                        or "<Code>AccessForbidden</Code>" not in answer.text
                    ):
                        raise Failed(f"{method} from {origin}: answered {answer.status_code}")
        if not tried:
            raise NotPromised
        raise Refused("403 AccessForbidden")

    def listed(self) -> Any:
        """With the methods in the names."""
        granted = [
            f"{', '.join(each.methods)} from {', '.join(each.origins)}"
            for each in self._subject.handover.cors
        ]
        self.words = {"granted": "; ".join(granted)}
        return super().listed()

    @property
    def _origins(self) -> list[str]:
        """Pages that a rule may name, those that look like them, and one that is elsewhere."""
        origins = [ELSEWHERE]
        for rule in self._subject.handover.cors:
            for origin in rule.origins:
                scheme, _, host = origin.replace("*", "x").partition("://")
                if host:
                    other = "http" if scheme == "https" else "https"
                    alike = [f"{other}://{host}", f"{origin}.example", f"{scheme}://x.{host}"]
                    origins += [f"{scheme}://{host}", *alike]
        return list(dict.fromkeys(each.replace("*", "x") for each in origins))

    def _who(self, verb: str) -> tuple[str, str]:
        """A holder and a place of theirs where this can be done."""
        for name, holder in self._subject.handover.holders.items():
            if isinstance(holder.how, Foreign):
                continue
            for place, each in self._subject.handover.place_of(name).items():
                if can(each, verb):
                    return name, place
        raise NotPromised

    def _preflight(self, origin: str, method: str, headers: tuple[str, ...]) -> requests.Response:
        asked = ",".join(each.lower() for each in headers if each != "*")
        url = self._subject.client("s3", None).generate_presigned_url(
            "get_object", Params={"Bucket": self._subject.bucket, "Key": self._subject.name}
        )
        return self._subject.http(
            "OPTIONS",
            url,
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": method,
                **({"Access-Control-Request-Headers": asked} if asked else {}),
            },
        )


def _page(origin: str) -> str:
    """A page's origin that fits one of a rule."""
    return ELSEWHERE if origin == "*" else origin.replace("*", "x")


def _rule(given: Cors) -> Any:
    return {
        "AllowedOrigins": list(given.origins),
        "AllowedMethods": list(given.methods),
        "AllowedHeaders": list(given.headers),
        "ExposeHeaders": list(given.expose),
        "MaxAgeSeconds": 0,
    }


def expect(answer: requests.Response, status: int, origins: set[str]) -> None:
    """Check the status, and that a browser would show the answer to a page of one of the origins.

    Raises Failed where not.
    """
    if answer.status_code != status:
        raise Failed(f"answered {answer.status_code} instead of {status}")
    granted = answer.headers.get("Access-Control-Allow-Origin")
    if granted not in origins:
        raise Failed(f"Access-Control-Allow-Origin is {granted} instead of {' or '.join(origins)}")
