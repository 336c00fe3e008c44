# SPDX-License-Identifier: Apache-2.0
# Continues init.sh: fill the disk that all nodes start from, then end.
start_containerd
ctr -n k8s.io images import /lab/images.tar > /lab/log/import.log
ctr -n k8s.io images list >> /lab/log/import.log
stamp "images"
kill "$containerd"
wait "$containerd" || true
umount -l /mnt /var/lib/containerd /var/lib/kubelet /var/lib/cni
sync
touch /lab/log/prepared
echo o > /proc/sysrq-trigger
sleep 5
