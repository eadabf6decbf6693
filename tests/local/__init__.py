"""The local cloud. Whatever starts it finds the gateway's package, which lies in a layer."""

import sys
from pathlib import Path

LAYER = str(Path(__file__).parents[2] / "layers" / "gateway")

if LAYER not in sys.path:
    sys.path.append(LAYER)
