"""`python -m services`: the command line of the house."""

import sys

try:
    from services.launcher.cli import main

    main()
except KeyboardInterrupt:  # Ctrl-C while Python was still loading the command line
    sys.stderr.write("Interrupted.\n")
    sys.exit(130)
