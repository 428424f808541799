"""`python -m kiosk` is `tongjie`."""

from kiosk.cli import main

main()
