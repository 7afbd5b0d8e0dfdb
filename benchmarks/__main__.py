"""`python -m benchmarks [NAME]`: runs one benchmark, or lists them."""

import importlib
import pkgutil
import sys

import benchmarks

INTERNAL = {"__main__", "table", "peers"}


def main(arguments: list[str]) -> int:
    """Run the benchmark named first with the other arguments; return an exit code.

    A benchmark is a module of this package with `run(arguments: list[str]) -> int`.
    """
    names = sorted({module.name for module in pkgutil.iter_modules(benchmarks.__path__)} - INTERNAL)
    if not arguments or arguments[0] not in names:
        if arguments and arguments[0] not in {"-h", "--help"}:
            print(f"benchmarks: no benchmark {arguments[0]!r}", file=sys.stderr)
        print("usage: python -m benchmarks NAME [arguments]")
        for name in names:
            doc = importlib.import_module(f"benchmarks.{name}").__doc__ or ""
            print(f"  {name:<10} {doc.splitlines()[0]}")
        return 0 if not arguments or arguments[0] in {"-h", "--help"} else 2
    module = importlib.import_module(f"benchmarks.{arguments[0]}")
    return int(module.run(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
