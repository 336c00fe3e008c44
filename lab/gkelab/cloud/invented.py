# SPDX-License-Identifier: Apache-2.0
"""The texts of refusals that no public source gives. That Google refuses is known, in these words it does not.

Everything else that the lab says in Google's place was recorded, or quoted in a public report. lab/README.md lists
these texts; whoever tests against the lab tests that there is a refusal, and what it is about, not its words.
"""

from __future__ import annotations

from typing import Final

# Any API, and who issues tokens
BAD_JSON_FORM: Final = "Invalid JSON payload received. {error}"
JWT_ALGORITHM: Final = "Invalid JWT: unsupported algorithm."
IMPERSONATION: Final = "scope is needed, and a lifetime of at most {most}s."

# Compute
ALREADY_CUSTOM: Final = "The network is in custom subnet mode already."
BAD_FILTER: Final = "Invalid list filter expression."
BAD_PORT: Final = "Must be a port or a range of ports."
BAD_PRIORITY: Final = "Must be between 0 and 65535."
BAD_PROTOCOL: Final = "Must be a protocol number or one of {names}."
HOST_BITS: Final = "Invalid IPCidrRange: {range} has host bits set, the network is {network}."
LEGACY_NETWORK: Final = "Legacy networks are not supported. Specify autoCreateSubnetworks."
MTU: Final = "Must be between {least} and {most}."
NO_PORTS: Final = "Protocol {protocol} has no ports."
NO_RANGE: Final = "Must be a CIDR address range."
NOT_A_SUPERSET: Final = "The new IP range must be a superset of the present range {present}."
ONE_ACTION: Final = "Exactly one of the fields 'allowed' and 'denied' must be specified."
OTHER_REGION: Final = "Expected region {region}."
PREFIX_LENGTH: Final = "Prefix length must be between {least} and {most}."
RANGE_NAMES: Final = "Secondary range names must be unique."
RESERVED_RANGE: Final = "Invalid IPCidrRange: {range} overlaps with {reserved}, which no subnetwork can have."
STALE_FINGERPRINT: Final = "Invalid fingerprint."

# Container: clusters
BAD_NAME: Final = 'Invalid value for field "{field}": "{name}". Must be a match of regex \'{pattern}\'.'
CIDR: Final = 'Invalid CIDR block "{cidr}".'
CIDR_TAKEN: Final = 'CIDR block "{cidr}" conflicts with range "{other}" of network "{network}".'
DATAPATH: Final = "Cluster.datapath_provider cannot be changed on an existing cluster."
DOWNGRADE: Final = 'Master version cannot be downgraded from "{present}" to "{wanted}".'
ETAG: Final = "The etag provided does not match the current one."
LABEL: Final = 'Invalid label "{key}={value}".'
LABEL_FINGERPRINT: Final = "Labels could not be set due to fingerprint mismatch."
MASTER_RANGE: Final = 'Invalid master_ipv4_cidr_block "{cidr}": it must have a /{prefix} netmask.'
MULTI_NETWORKING_DATAPATH: Final = "Multi-networking requires GKE Dataplane V2 (datapath_provider ADVANCED_DATAPATH)."
MULTI_NETWORKING_DUAL_STACK: Final = "Multi-networking is not supported in dual-stack clusters."
MULTI_NETWORKING_IN_USE: Final = 'Multi-networking is in use by node pool "{pool}".'
MULTI_NETWORKING_ROUTES: Final = "Multi-networking requires a VPC-native cluster."
MULTI_NETWORKING_VERSION: Final = 'Multi-networking requires GKE version 1.28 or later, got "{version}".'
NO_ADDRESS: Final = 'Subnetwork "{subnetwork}" has no free address.'
NO_FREE_RANGE: Final = 'Network "{network}" has no free range of size {size}.'
NODE_COUNT: Final = "Node count must be between 0 and {most}, got {count}."
NODE_LOCATION: Final = 'Node location "{zone}" is not a zone of region "{region}".'
NODE_VERSION: Final = 'Node version "{version}" must not be newer than the master version "{master}".'
ONE_FIELD: Final = "Only one field can be updated at a time, got {fields}."
POOL_NOT_FOUND: Final = 'Node pool "{pool}" not found.'
POOLS_TWICE: Final = "Cluster.node_pools cannot be given together with initial_node_count or node_config."
SUBNETWORK_NEEDED: Final = 'Network "{network}" requires specifying a subnetwork.'

# Container: node pools
AUTOSCALING: Final = "Autoscaling needs a minimum of at most its maximum of nodes, got {least} and {most}."
FIXED_NETWORKS: Final = "The additional networks of a node pool cannot be changed after its creation."
FOREIGN_NETWORK: Final = 'Network "{network}" must be in project "{project}", as the cluster\'s network is.'
IMAGE_TYPE: Final = 'Image type "{image}" is not supported.'
IMAGE_VERSION: Final = 'Multi-networking with image type "{image}" requires node version {least} or later.'
MACHINE_NICS: Final = 'Machine type "{machine}" supports at most {most} network interfaces, {count} are requested.'
MAX_PODS: Final = "Max pods per node must be between {least} and {most}, got {count}."
NETWORK_TWICE: Final = 'Network "{network}" is given more than once: each interface needs its own.'
NODE_NETWORK: Final = "An additional node network needs both a network and a subnetwork."
POD_NETWORK: Final = "An additional pod network needs a secondary pod range."
POD_NETWORKS_OFF: Final = "Additional pod networks require a cluster with multi-networking enabled."
POD_RANGE_TWICE: Final = 'Pod secondary range "{range}" is used by more than one pod network.'
POD_SUBNETWORK: Final = 'Subnetwork "{subnetwork}" of an additional pod network is not one of the node networks.'
TAG: Final = 'Invalid network tag "{tag}".'
TAINT: Final = "Node taint {taint} must have a key and one of the effects {effects}."
TOO_MANY_NODE_NETWORKS: Final = "A node pool can have at most {most} additional node networks."
TOO_MANY_POD_NETWORKS: Final = "A node pool can have at most {most} additional pod networks."
