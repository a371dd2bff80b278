"""`python -m services`: the command line of the house."""

from services.launcher.cli import main

main()
