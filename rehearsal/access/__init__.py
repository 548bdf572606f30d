"""Who can do what: the access report, from the program alone, and its difference in a pull request.

`paper` runs the program and records what it declares, `scene` finds out who and what places there
are, `judge` asks for every pair of them, `report` holds the answers; `tables`, `page` and
`difference` show them.
"""
