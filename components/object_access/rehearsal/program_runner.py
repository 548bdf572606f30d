"""Run a Pulumi program in a process of its own, for an engine that listens somewhere.

This file leans on nothing of the project: the program of another state of the project brings its
own components along.
"""

import asyncio
import json
import logging
import os
import runpy
import sys

import pulumi


def main(engine: str, project: str, stack: str, program: str) -> int:
    """Returns an exit code; what went wrong is the last line on standard error."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it would print secrets
    settings = pulumi.runtime.Settings(
        project=project, stack=stack, monitor=engine, engine=engine, dry_run=False
    )
    pulumi.runtime.configure(settings)
    config = json.loads(os.environ["OBJECT_ACCESS_CONFIG"])
    # Nothing of it is kept, so that nothing in it need be encrypted.
    pulumi.runtime.set_all_config(config, list(config))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    def run() -> None:
        runpy.run_path(program, run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(run))
    except Exception as error:  # noqa: BLE001 the program is the user's: anything may come
        sys.stderr.write(f"\n{type(error).__name__}: {' '.join(str(error).split())}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
