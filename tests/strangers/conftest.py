"""Pieces of the library on modules that are not ours."""

import sys
from pathlib import Path

HERE = Path(__file__).parent

sys.path.insert(0, str(HERE))  # For the helpers beside this file, in any import mode.

# Looking for doctests, pytest would import the helpers a second time, and every piece would be entered twice.
collect_ignore = [path.name for path in HERE.glob("*.py") if not path.name.startswith("test_")]
