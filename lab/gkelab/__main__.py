# SPDX-License-Identifier: Apache-2.0
"""`python -m gkelab` is `gkelab`."""

from gkelab.cli import main

if __name__ == "__main__":
    main()
