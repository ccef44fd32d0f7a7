"""The command ``clip-mat``.

Nothing is imported before a stop from the keyboard can be told in one line: importing the commands takes most of the
first tenth of a second.
"""

from __future__ import annotations

import sys


def main(args: list[str] | None = None) -> None:
    """Run the command line: exit 0 done, 1 a failure told in one line, 2 wrong usage, 130 stopped from the keyboard."""
    try:
        from app.commands import run

        sys.exit(run(args))
    except KeyboardInterrupt:
        sys.stderr.write("clip-mat: stopped\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
