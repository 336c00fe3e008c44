# SPDX-License-Identifier: Apache-2.0
"""The lab's networks, one process for all: a switch, a router and a firewall per VPC."""
