"""What a program declares that nobody judges here: where it is new or changed, somebody looks.

Whatever may hand out access or act for somebody who has it: other clouds and providers, commands,
machines and functions with a role, components that are made elsewhere. What cannot is listed.
"""

import re

from .model import Findings
from .program import REMOTE, Program

# Neither holds access nor acts for anybody: random values, networks, names, certificates, metrics.
_HARMLESS = re.compile(
    r"""
    random:|tls:|time:|std:|pulumi:providers:
    |aws:(acm|route53|servicequotas|resourcegroups)/|aws:budgets/budget:
    |aws:cloudwatch/(compositeAlarm|dashboard|logGroup|logMetricFilter|logStream|metricAlarm
       |queryDefinition):
    |aws:ec2/(defaultNetworkAcl|defaultRouteTable|defaultSecurityGroup|defaultVpc|eip
       |eipAssociation|egressOnlyInternetGateway|flowLog|internetGateway|mainRouteTableAssociation
       |natGateway|networkAcl|networkAclRule|route|routeTable|routeTableAssociation|securityGroup
       |securityGroupAssociation|securityGroupRule|subnet|tag|vpc|vpcDhcpOptions
       |vpcDhcpOptionsAssociation):
    |aws:vpc/
    |aws:(iam|kms|s3\w*)/|pulumi-python:dynamic|openstack:(identity|objectstorage)/  # judged apart
    |openstack:(blockstorage|dns|images|loadbalancer|networking)/
    """,
    re.VERBOSE,
)


def note(program: Program, found: Findings) -> None:
    """Note it all."""
    for each in program.resources:
        if each.type.startswith(REMOTE) or not _HARMLESS.match(each.type):
            found.leave(f"{each.type} {each.name}", each.outputs)
        if each.kept:
            found.leave(f"{each.type} {each.name}: {each.kept}", each.outputs)
        if each.imported:
            found.leave(f"{each.type} {each.name}: whatever it is, it is there already", True)
