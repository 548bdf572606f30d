// Asks @cloud-copilot/iam-simulate: cases as JSON on standard input, its answers on standard output.
// The package is AGPL. It runs here, in a process of its own, from a folder that is given.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { runSimulation, anonymousPrincipal } = createRequire(`${process.argv[2]}/`)("@cloud-copilot/iam-simulate");
const named = (policies) => policies.map((policy, number) => ({ name: `p${number}`, policy }));
const answers = [];
for (const each of JSON.parse(readFileSync(0, "utf8"))) {
  const result = await runSimulation({
    request: {
      principal: each.principal || anonymousPrincipal,
      action: each.action,
      resource: { resource: each.resource, accountId: each.account },
      contextVariables: each.context,
    },
    identityPolicies: named(each.identity),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: each.resource_policy ?? undefined,
    permissionBoundaryPolicies: each.boundary ? named([each.boundary]) : undefined,
    sessionPolicy: each.session ?? undefined,
  }, {});
  answers.push(result.resultType === "error" ? JSON.stringify(result.errors) : result.overallResult === "Allowed");
}
process.stdout.write(JSON.stringify(answers));
