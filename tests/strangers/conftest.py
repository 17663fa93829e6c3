"""Pieces of the library on modules that are not ours."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # For the helpers beside this file, in any import mode.
