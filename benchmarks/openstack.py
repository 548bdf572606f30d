"""How long the embedded Keystone and Swift take to answer, and how much memory they need."""

import subprocess
import sys
import time
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from object_access.stores.openstack import server

MOST_SECONDS, MOST_MEGABYTES = 6.0, 350.0
ROUNDS = 3


def megabytes() -> float:
    """Resident memory of both servers."""
    listed = subprocess.run(["ps", "-eo", "rss,args"], capture_output=True, text=True, check=True)
    ours = [
        line for line in listed.stdout.splitlines() if "-m object_access.stores.openstack." in line
    ]
    return sum(int(line.split()[0]) for line in ours) / 1_024


def answered(described: dict) -> None:
    """Both have answered: Keystone with a token, Swift with an account."""
    user = described["projects"]["rehearsal"]
    domain = {"name": user["user_domain"]}
    login = {"name": user["username"], "domain": domain, "password": user["password"]}
    identity = {"methods": ["password"], "password": {"user": login}}
    scope = {"project": {"id": user["project_id"]}}
    url = f"{described['auth_url']}/auth/tokens"
    token = requests.post(url, json={"auth": {"identity": identity, "scope": scope}}, timeout=60)
    [store] = [each for each in token.json()["token"]["catalog"] if each["type"] == "object-store"]
    headers = {"X-Auth-Token": token.headers["X-Subject-Token"]}
    requests.get(store["endpoints"][0]["url"], headers=headers, timeout=60).raise_for_status()


def main() -> int:
    """Print the slowest start and the memory, each as a share of its limit; fail above one."""
    slowest = most = 0.0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with server.running() as described:
            answered(described)
            slowest = max(slowest, time.perf_counter() - began)
            most = max(most, megabytes())
    share = slowest / MOST_SECONDS
    print(f"Keystone and Swift answer after {slowest:.1f} s: {share:.2f} of what they may")
    print(f"they take {most:.0f} MB: {most / MOST_MEGABYTES:.2f} of what they may")
    return slowest > MOST_SECONDS or most > MOST_MEGABYTES


if __name__ == "__main__":
    sys.exit(main())
