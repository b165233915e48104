"""`make bench`: all benchmarks, or those that are named.

They are decisions, doors, introspection, freshness, growth, picker, impact, counting.
"""

import sys

from bench import counting, decisions, doors, freshness, growth, impact, introspection, picker

ALL = {
    "decisions": decisions,
    "doors": doors,
    "introspection": introspection,
    "freshness": freshness,
    "growth": growth,
    "picker": picker,
    "impact": impact,
    "counting": counting,
}


def main(*names: str) -> None:
    """Run the named benchmarks, all of them when none is named."""
    unknown = set(names) - set(ALL)
    if unknown:
        sys.exit(f"there is no benchmark {sorted(unknown)[0]}; there are {', '.join(ALL)}")
    for name in names or ALL:
        print(f"\n== {name}: {(ALL[name].__doc__ or '').splitlines()[0]}", flush=True)
        ALL[name].main()


if __name__ == "__main__":
    main(*sys.argv[1:])
