"""Who can do what: the access report, from the program alone, and its difference in a pull request.

`paper` runs the program and records what it declares; `aws`, `swift` and `compatible` find out who
and what places there are, and `asking` asks the evaluator about them, with requests that `reading`
finds in the policies; `report` holds the answers; `tables`, `page` and `difference` show them.
"""
