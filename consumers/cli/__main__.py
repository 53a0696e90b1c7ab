"""``python -m consumers.cli`` is `sosia`, where no script is on the path."""

import sys

from consumers.cli import main

sys.exit(main())
