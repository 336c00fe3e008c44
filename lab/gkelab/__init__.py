# SPDX-License-Identifier: Apache-2.0
"""gkelab: Google Kubernetes Engine on one machine, for rehearsals and tests."""

__version__ = "0.1.0"
