# SPDX-License-Identifier: Apache-2.0
# Continues init.sh: a node, with what node_files.py has put into /lab.
for tool in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
    ln -s /usr/sbin/xtables-legacy-multi "/usr/local/sbin/$tool"    # the modules above are those of the old iptables
done

# Go's runtime sleeps for 20 microseconds and looks at the clock, again and again while there is something to do: half of
# all calls of a node that has no pods. Let sleeps be late by 2 ms, here and in all that is started.
echo 2000000 > /proc/self/timerslack_ns

hostname "$NODE_NAME"
echo "$NODE_MACHINE_ID" > /etc/machine-id
echo "127.0.0.1 localhost" > /etc/hosts          # the kubelet copies it for pods on the host's network
echo 1 > /proc/sys/net/ipv4/ip_forward
for interface in all default; do echo 1 > "/proc/sys/net/ipv6/conf/$interface/disable_ipv6"; done
ip link set lo up
number=0
for address in $NODE_ADDRESSES; do               # eth0 on the default network, then the additional ones
    ip link set "vec$number" name "eth$number"
    ip link set "eth$number" mtu "$MTU"
    ip address add "$address" dev "eth$number"
    ip link set "eth$number" up
    number=$((number + 1))
done
# No default route: nothing leaves the machine. The network routes the Pods' addresses to their nodes.
ip route add "$CLUSTER_CIDR" via "$GATEWAY"
ip route add "$SERVICE_CIDR" via "$GATEWAY"
for chain in PREROUTING OUTPUT; do               # all of kube-proxy that a lab needs
    iptables -w -t nat -A $chain -d "$API_SERVICE_IP" -p tcp --dport 443 -j DNAT --to "$API_IP:$API_PORT"
done
iptables -w -t nat -A POSTROUTING -s "$POD_CIDR" ! -d "$CLUSTER_CIDR" -o eth0 -j MASQUERADE
stamp "network"

mkdir -p /home/kubernetes/bin /etc/cni/net.d
for plugin in bridge host-local ipvlan loopback portmap ptp; do
    ln -s "/usr/lib/cni/$plugin" /home/kubernetes/bin/
done
cp /lab/cni.conflist /etc/cni/net.d/10-gke-ptp.conflist
cp /lab/kubeconfig /lab/kubelet.yaml /lab/kubelet.crt /lab/kubelet.key /lab/ca.crt /var/lib/kubelet/
mkdir -p /etc/containerd/certs.d/_default         # this one registry, whatever an image is called
printf 'server = "%s"\n[host."%s"]\n' "$REGISTRY" "$REGISTRY" > /etc/containerd/certs.d/_default/hosts.toml
# Lest a container write to it, crun starts itself again from a copy that is read only; this one it need not copy.
mount --bind /usr/bin/crun /usr/bin/crun
mount -o remount,ro,bind /usr/bin/crun
export _LIBCONTAINER_CLONED_BINARY=1
start_containerd

mount -t hostfs -o bin/ none /usr/local/bin      # the lab's programs: /lab/bin leads there
kubelet --config /var/lib/kubelet/kubelet.yaml --kubeconfig /var/lib/kubelet/kubeconfig \
    --hostname-override "$NODE_NAME" --node-ip "$NODE_IP" --housekeeping-interval 30s > /lab/log/kubelet.log 2>&1 &
kubelet=$!
stamp "kubelet started"

power_off() {
    stamp "power off"
    kill "$kubelet" "$containerd" || true
    echo o > /proc/sysrq-trigger
    sleep 5
}
trap power_off INT                               # uml.py sends what Ctrl-Alt-Del is on a console
echo 0 > /proc/sys/kernel/ctrl-alt-del
while :; do wait || true; sleep 1; done          # reap what others leave behind
