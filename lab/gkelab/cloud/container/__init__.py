# SPDX-License-Identifier: Apache-2.0
"""Container v1 and v1beta1: clusters, node pools, operations, server configuration."""
