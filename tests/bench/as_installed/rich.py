"""In the way of a package that only the linter's environment has.

structlog loads rich where it is installed. A kiosk is installed without the `dev`
extra, so what is measured must not weigh it.
"""

from __future__ import annotations

raise ImportError("a kiosk is installed without rich")
