"""`python -m benchmarks [NAME]`: runs one benchmark, or lists them."""

import importlib
import os
import pkgutil
import sys
from types import ModuleType

import benchmarks


def found() -> dict[str, ModuleType]:
    """Return the benchmarks by name: the modules of this package that have a `run`."""
    modules = {
        module.name: importlib.import_module(f"benchmarks.{module.name}")
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if not module.name.startswith("_")
    }
    return {name: module for name, module in sorted(modules.items()) if hasattr(module, "run")}


def main(arguments: list[str]) -> int:
    """Run the benchmark named first with the other arguments; return an exit code.

    A benchmark is a module of this package with `run(arguments: list[str]) -> int`.
    """
    # Set where nothing may be written; users' modules are compiled once, and so are these.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    known = found()
    if arguments and arguments[0] in known:
        return int(known[arguments[0]].run(arguments[1:]))
    print("usage: python -m benchmarks NAME [arguments]")
    for name, module in known.items():
        print(f"  {name:<10} {(module.__doc__ or '').splitlines()[0]}")
    if arguments and arguments[0] not in {"-h", "--help"}:
        print(f"benchmarks: there is no benchmark {arguments[0]!r}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
