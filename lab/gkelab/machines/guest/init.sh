#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Init program of a lab's kernel (user-mode-linux), whose root is the tree of supplies/tree.py, read only.
#
# /lab is the kernel's own folder on the host, and with the tree all that it sees of the host; /lab/guest.env says what
# it is for: $ROLE is prepare-disk or run-node. Everything it writes goes to memory or to its disk, except the logs:
# /lab/log outlives a lost node.
set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
modules=/usr/lib/uml/modules/$(uname -r)

if [ "${1:-}" != inside ]; then
    # Put a private, writable tree over the read-only one, and make it the root.
    mount -t proc proc /proc
    insmod "$modules/kernel/fs/overlayfs/overlay.ko"
    mount -t tmpfs -o size=90% tmpfs /mnt
    mkdir /mnt/upper /mnt/work /mnt/root
    mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
    mount -t hostfs none /mnt/root/lab
    cd /mnt/root
    pivot_root . mnt
    exec chroot . sh /lab/init.sh inside
fi

. /lab/guest.env
stamp() { echo "lab: $(cut -d' ' -f1 /proc/uptime) $*"; }

mount -t proc proc /proc
umount -l /mnt
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o ptmxmode=666 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --make-rshared /
# The kubelet wants to read the clock speed, which this kernel does not tell.
{ grep . /proc/cpuinfo; echo "cpu MHz : 1000.000"; } > /run/cpuinfo
mount --bind /run/cpuinfo /proc/cpuinfo
stamp "private root"

mkdir -p /lib/modules
ln -s "$modules" /lib/modules/
modprobe -a ext4 veth ipvlan iptable_nat iptable_filter iptable_mangle ip6table_nat ip6table_filter ip6table_mangle \
    xt_nat xt_tcpudp xt_comment xt_mark xt_addrtype xt_multiport xt_conntrack xt_MASQUERADE
stamp "modules"

# The stores of containerd and the kubelet cannot lie on overlayfs: they get the node's own disk.
[ "$ROLE" != prepare-disk ] || mkfs.ext4 -q -O ^has_journal -E assume_storage_prezeroed=1 /dev/ubda
mount -t ext4 -o noatime /dev/ubda /mnt
for dir in containerd kubelet cni; do
    mkdir -p "/mnt/$dir" "/var/lib/$dir"
    mount --bind "/mnt/$dir" "/var/lib/$dir"
done
stamp "disk"

start_containerd() {
    containerd --config /lab/containerd.toml > /lab/log/containerd.log 2>&1 &
    containerd=$!
    until ctr version > /dev/null 2>&1; do sleep 0.1; done
    stamp "containerd"
}

. "/lab/$ROLE.sh"
