"""The same for Swift: `python swift_tool.py CONTAINER "PUT a" "GET a" GET`."""

import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any


def send(method: str, url: str, body: bytes | None = None, **headers: str) -> Any:
    """The answer, or the error that it is."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method=method)
    try:
        return urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        return error


def main() -> int:
    """Log in with the application credential that the variables have, and do each in turn."""
    container, *words = sys.argv[1:]
    credential = {
        "id": os.environ["OS_APPLICATION_CREDENTIAL_ID"],
        "secret": os.environ["OS_APPLICATION_CREDENTIAL_SECRET"],
    }
    identity = {"methods": ["application_credential"], "application_credential": credential}
    body = json.dumps({"auth": {"identity": identity}}).encode()
    url = f"{os.environ['OS_AUTH_URL']}/auth/tokens"
    answer = send("POST", url, body, Content_Type="application/json")
    token = answer.headers["X-Subject-Token"]
    listed = json.load(answer)["token"]["catalog"]
    [store] = [each for each in listed if each["type"] == "object-store"]
    for word in words:
        method, _, name = word.lstrip("!").partition(" ")
        at = f"{store['endpoints'][0]['url']}/{container}" + (f"/{name}" if name else "")
        data = b"data" if method == "PUT" and name else None
        if send(method, at, data, X_Auth_Token=token).status >= 400 and word[0] != "!":
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
