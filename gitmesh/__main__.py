"""``python -m gitmesh``, and what the ``gitmesh`` script runs."""

import gc

from gitmesh.leaving import leave


def main() -> None:
    """Run the command line; does not return."""
    # What a command imports and reads lives about as long as the command.
    gc.set_threshold(50_000, 20, 50)
    from gitmesh.cli import run

    try:
        run()
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            leave(ending.code or 0)
        raise


if __name__ == "__main__":
    main()
