"""All measurements, one after the other: `make bench`. Each is a command of its own too; see their help.

Figures are CPU per operation beside wall time, since CPU is what stays comparable between machines.
"""

from __future__ import annotations

import subprocess
import sys

from tests.cluster import installed, temporary_cluster

RUNS: tuple[tuple[str, ...], ...] = (
    ("benchmarks.inbox", "--count", "4000"),
    ("benchmarks.delivery",),
    ("benchmarks.timelines", "--objects", "1000000"),
    ("benchmarks.client_api",),
    ("benchmarks.audience",),
    ("benchmarks.streams",),
    ("benchmarks.server",),
)


def run(*arguments: str) -> None:
    print(f"\n== python -m {' '.join(arguments)}", flush=True)
    subprocess.run([sys.executable, "-m", *arguments], check=True)


def main() -> None:
    for arguments in RUNS:
        run(*arguments)
    if not installed():
        print("PostgreSQL is not installed: its figures are left out.")
        return
    with temporary_cluster() as url:
        for number, arguments in enumerate((RUNS[0], RUNS[2])):
            name = f"bench{number}"
            subprocess.run(["psql", "-q", f"{url}/postgres", "-c", f"CREATE DATABASE {name}"], check=True)
            run(*arguments, "--database", f"{url}/{name}")


if __name__ == "__main__":
    main()
