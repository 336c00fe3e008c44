# SPDX-License-Identifier: Apache-2.0
"""The lab's cloud: Compute v1, Container v1 and v1beta1, Service Usage and an OAuth token endpoint, over REST.

Started as a process: ``python -m gkelab.cloud --dir FOLDER --port PORT --engine api``.
"""
