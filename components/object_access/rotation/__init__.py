"""Keys made anew without an interruption: one step at a time, by the environment's file and
`pulumi up`, which stays the owner of every key."""
