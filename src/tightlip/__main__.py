"""`python -m tightlip` is `tightlip`."""

from __future__ import annotations

from tightlip.cli.main import main

if __name__ == "__main__":
    main()
