"""Who can do what: the access report, from the program alone, and its difference in a pull request.

`program` runs the program and records what it declares; `aws`, `swift` and `compatible` find out
who and what places there are, and `queries` asks the evaluator about them, with requests that
`reading` finds in the policies; `report` holds the answers and the evidence that they rest on.
`proof` decides every request, `difference` and `invariants` tell what it finds; `risks`, `tables`
and `page` show it.
"""
