"""Entry point of ``python -m gitmesh`` and of the ``gitmesh`` script."""

import _signal  # type: ignore[import-not-found]

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    # Until main() watches for it, Ctrl-C ends the process at once and without a traceback.
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import gc
import sys

from gitmesh.process_exit import leave


def main() -> None:
    """Run the command line; does not return."""
    # What a command imports and reads lives about as long as the command.
    gc.set_threshold(50_000, 20, 50)
    try:
        _run()
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            leave(ending.code or 0)
        raise


def _run() -> None:
    try:
        from gitmesh.cli.interrupts import INTERRUPTS

        INTERRUPTS.watch()
        from gitmesh.cli.program import run
    except (OSError, ImportError, MemoryError) as error:
        hint = "see to the installation, to the memory, and to the limit of open files (ulimit -a)"
        sys.stderr.write(f"error: gitmesh cannot start: {error}\n  hint: {hint}\n")
        raise SystemExit(3) from None
    run()


if __name__ == "__main__":
    main()
