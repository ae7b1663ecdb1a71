"""`python -m showcaller_client`."""

from .cli import main

main()
