"""`showcaller` as it would be if no message ever waited for another: what the window is measured against."""

from showcaller.cli import main
from showcaller.gateway import window

window.MAX_HOLD_S = 0.0

if __name__ == "__main__":
    main()
