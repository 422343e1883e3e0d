"""``python -m gitmesh``, and what the ``gitmesh`` script runs."""

from gitmesh.cli import run


def main() -> None:
    """Run the command line; does not return."""
    run()


if __name__ == "__main__":
    main()
