"""Makes ``python -m keystead.cli`` the ``keystead`` command."""

from keystead.cli.main import main

main()
