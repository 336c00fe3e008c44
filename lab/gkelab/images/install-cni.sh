#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Give the whereabouts CNI plugin its access to the API server, then install the plugin.
# WHEREABOUTS_NAMESPACE and KUBERNETES_SERVICE_* come from the pod, the rest from its service account. A script that
# reads this one in, with SLEEP=false, can watch the token afterwards (token-watcher.sh).
set -eu
account=/var/run/secrets/kubernetes.io/serviceaccount
conf=/host/etc/cni/net.d/whereabouts.d
umask 077
mkdir -p "$conf"
cat > "$conf/whereabouts.kubeconfig" <<END
{"apiVersion": "v1", "kind": "Config", "current-context": "whereabouts",
 "clusters": [{"name": "cluster", "cluster": {
   "server": "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT",
   "certificate-authority-data": "$(base64 $account/ca.crt | tr -d '\n')"}}],
 "users": [{"name": "whereabouts", "user": {"token": "$(cat $account/token)"}}],
 "contexts": [{"name": "whereabouts", "context": {
   "cluster": "cluster", "user": "whereabouts", "namespace": "$WHEREABOUTS_NAMESPACE"}}]}
END
cat > "$conf/whereabouts.conf" <<END
{"datastore": "kubernetes",
 "kubernetes": {"kubeconfig": "/etc/cni/net.d/whereabouts.d/whereabouts.kubeconfig"}}
END
LAST_SERVICEACCOUNT_MD5SUM=$(md5sum < $account/token)
export LAST_SERVICEACCOUNT_MD5SUM
bin=${CNI_BIN_DIR:-/host/opt/cni/bin}
cp /whereabouts "$bin/.whereabouts.new"
mv "$bin/.whereabouts.new" "$bin/whereabouts"
echo "installed whereabouts"
[ "${SLEEP:-true}" = false ] || exec sleep 2147483647
