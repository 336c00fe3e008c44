// SPDX-License-Identifier: Apache-2.0

// gateway is the host's place in the lab's default network.
//
// It is a NIC of the fabric with a TCP stack of its own. Nodes reach some TCP ports of the host
// at the gateway's address (-expose), and the API server reaches the nodes through an HTTP CONNECT
// proxy on a unix socket (-proxy). Nothing else passes: there is no way out of this machine.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

const (
	nic       = 1
	mtu       = 1500
	frameSize = mtu + header.EthernetMinimumSize
)

// nicPort is a connection to a network of the fabric: one datagram is one Ethernet frame.
type nicPort struct {
	conn *net.UnixConn
}

// attach gives the port a TCP stack with one address.
func (port *nicPort) attach(prefix netip.Prefix) (*stack.Stack, error) {
	ip := prefix.Addr().As4()
	mac := tcpip.LinkAddress(append([]byte{0x42, 0x01}, ip[:]...))
	link := channel.New(1024, mtu, mac)
	tcpStack := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{arp.NewProtocol, ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, icmp.NewProtocol4},
	})
	if err := tcpStack.CreateNIC(nic, ethernet.New(link)); err != nil {
		return nil, errors.New(err.String())
	}
	address := tcpip.AddressWithPrefix{Address: tcpip.AddrFrom4(ip), PrefixLen: prefix.Bits()}
	if err := tcpStack.AddProtocolAddress(nic, tcpip.ProtocolAddress{
		Protocol: ipv4.ProtocolNumber, AddressWithPrefix: address}, stack.AddressProperties{}); err != nil {
		return nil, errors.New(err.String())
	}
	tcpStack.SetRouteTable([]tcpip.Route{{Destination: address.Subnet(), NIC: nic}})
	go port.receive(link, mac)
	go port.send(link)
	return tcpStack, nil
}

// receive hands frames for this port, and broadcasts, to the stack.
func (port *nicPort) receive(link *channel.Endpoint, mac tcpip.LinkAddress) {
	frame := make([]byte, frameSize)
	for {
		size, err := port.conn.Read(frame)
		if err != nil {
			log.Fatalf("fabric: %v", err)
		}
		if size < header.EthernetMinimumSize {
			continue
		}
		if to := header.Ethernet(frame).DestinationAddress(); to != mac && to != header.EthernetBroadcastAddress {
			continue
		}
		packet := stack.NewPacketBuffer(stack.PacketBufferOptions{
			Payload: buffer.MakeWithData(bytes.Clone(frame[:size]))})
		link.InjectInbound(0, packet)
		packet.DecRef()
	}
}

func (port *nicPort) send(link *channel.Endpoint) {
	for {
		packet := link.ReadContext(context.Background())
		view := packet.ToView()
		if _, err := port.conn.Write(view.AsSlice()); err != nil {
			log.Printf("fabric: %v", err)
		}
		view.Release()
		packet.DecRef()
	}
}

func fullAddress(address string) (tcpip.FullAddress, error) {
	parsed, err := netip.ParseAddrPort(address)
	if err != nil || !parsed.Addr().Is4() {
		return tcpip.FullAddress{}, fmt.Errorf("not an IPv4 address with port: %q", address)
	}
	return tcpip.FullAddress{NIC: nic, Addr: tcpip.AddrFrom4(parsed.Addr().As4()), Port: parsed.Port()}, nil
}

// expose forwards connections to a port of the gateway to the same port of 127.0.0.1.
func expose(tcpStack *stack.Stack, port uint16) error {
	listener, err := gonet.ListenTCP(tcpStack, tcpip.FullAddress{NIC: nic, Port: port}, ipv4.ProtocolNumber)
	if err != nil {
		return err
	}
	for {
		near, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			far, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				log.Printf("expose: %v", err)
				_ = near.Close()
				return
			}
			join(near, far)
		}()
	}
}

// proxy answers CONNECT requests on a unix socket with connections into the network.
func proxy(tcpStack *stack.Stack, path string) error {
	_ = os.Remove(path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	for {
		near, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			far, err := connect(tcpStack, near)
			if err != nil {
				log.Printf("proxy: %v", err)
				_, _ = io.WriteString(near, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
				_ = near.Close()
				return
			}
			_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
			join(near, far)
		}()
	}
}

func connect(tcpStack *stack.Stack, near net.Conn) (net.Conn, error) {
	request, err := http.ReadRequest(bufio.NewReader(near))
	if err != nil {
		return nil, err
	}
	address, err := fullAddress(request.Host)
	if request.Method != http.MethodConnect {
		err = fmt.Errorf("not a CONNECT request: %s", request.Method)
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return gonet.DialContextTCP(ctx, tcpStack, address, ipv4.ProtocolNumber)
}

// join copies both directions; the end of one direction is passed on, the end of both closes.
func join(a, b net.Conn) {
	done := make(chan struct{})
	go func() { pipe(a, b); close(done) }()
	pipe(b, a)
	<-done
	_ = a.Close()
	_ = b.Close()
}

func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

func main() {
	network := flag.String("network", "", "socket of the network")
	address := flag.String("address", "10.0.2.2/24", "address in the network")
	ports := flag.String("expose", "", "TCP ports of 127.0.0.1 that the network may use, comma separated")
	path := flag.String("proxy", "", "unix socket of the HTTP CONNECT proxy into the network")
	flag.Parse()
	prefix, err := netip.ParsePrefix(*address)
	if err != nil {
		log.Fatal(err)
	}
	conn, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: *network, Net: "unixpacket"})
	if err != nil {
		log.Fatal(err)
	}
	tcpStack, err := (&nicPort{conn}).attach(prefix)
	if err != nil {
		log.Fatal(err)
	}
	failed := make(chan error)
	for _, text := range strings.Split(*ports, ",") {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			log.Fatal(err)
		}
		go func() { failed <- expose(tcpStack, uint16(port)) }()
	}
	go func() { failed <- proxy(tcpStack, *path) }()
	log.Fatal(<-failed)
}
