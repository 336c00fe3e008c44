#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Give the whereabouts CNI plugin the pod's token again each time the kubelet renews it.
set -eu
token=/var/run/secrets/kubernetes.io/serviceaccount/token
while sleep 1; do
  now=$(md5sum < $token)
  if [ "$now" != "$LAST_SERVICEACCOUNT_MD5SUM" ]; then
    SLEEP=false /install-cni.sh
    LAST_SERVICEACCOUNT_MD5SUM=$now
  fi
done
