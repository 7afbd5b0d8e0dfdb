"""`supervisor doctor`: is the account fit, and the host? Asks the exchange; changes nothing."""

import json
import subprocess
import sys
from argparse import Namespace

from lib.constants import WorkerKind
from lib.folders import state_dir
from supervisor.config.plan import make_plan
from supervisor.config.spec import load_spec


def run(arguments: Namespace) -> int:
    """Examine what a configuration would trade with.

    Raises:
        ConfigError: The configuration itself is wrong.
    """
    spec = load_spec((arguments.config, *arguments.add))
    [worker] = make_plan(spec).of_kind(WorkerKind.EXCHANGE)
    request = {"config": worker.config, "state_dir": str(state_dir(spec.project))}
    ended = subprocess.run(
        [sys.executable, "-m", "workers.doctor"], input=json.dumps(request), text=True, check=False
    )
    return ended.returncode
