# SPDX-License-Identifier: Apache-2.0
"""Compute v1: networks, subnetworks, firewall rules, operations, regions and zones."""
