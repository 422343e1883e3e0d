"""``python -m gitmesh``, and what the ``gitmesh`` script runs."""

from gitmesh.cli import run
from gitmesh.leaving import leave


def main() -> None:
    """Run the command line; does not return."""
    try:
        run()
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            leave(ending.code or 0)
        raise


if __name__ == "__main__":
    main()
