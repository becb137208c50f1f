// x/net's side of core_datagrams.c: datagrams with control messages on loopback, by golang.org/x/net/ipv4 and ipv6.
//
//	xnet check            that it reads what was sent
//	xnet serve BATCHES    for each line "ROW" of standard input one with the nanoseconds of a datagram
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

const (
	atOnce  = 64
	bytes   = 64
	hops    = 33
	class   = 0x28
)

// One datagram out, one datagram in.
type bench interface {
	send()
	receive()
	check()
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "xnet:", err)
		os.Exit(1)
	}
}

func open(network, address string) (net.PacketConn, *net.Interface) {
	conn, err := net.ListenPacket(network, address)
	must(err)
	lo, err := net.InterfaceByName("lo")
	must(err)
	return conn, lo
}

// ---- IPv4: x/net has no TOS byte among what it receives ----

type four struct {
	*ipv4.PacketConn
	here    net.Addr
	out, in [bytes]byte
	specify *ipv4.ControlMessage
	seen    *ipv4.ControlMessage
}

func newFour() bench {
	conn, lo := open("udp4", "127.0.0.1:0")
	b := &four{PacketConn: ipv4.NewPacketConn(conn), here: conn.LocalAddr()}
	must(b.SetControlMessage(ipv4.FlagTTL|ipv4.FlagSrc|ipv4.FlagDst|ipv4.FlagInterface, true))
	must(b.SetTTL(hops))
	must(b.SetTOS(class))
	b.specify = &ipv4.ControlMessage{Src: net.IPv4(127, 0, 0, 2), IfIndex: lo.Index}
	return b
}

func (b *four) send() {
	_, err := b.WriteTo(b.out[:], b.specify, b.here)
	must(err)
}

func (b *four) receive() {
	_, control, _, err := b.ReadFrom(b.in[:])
	must(err)
	b.seen = control
}

func (b *four) check() {
	if b.seen.TTL != hops || b.seen.IfIndex != b.specify.IfIndex || b.seen.Dst.String() != "127.0.0.1" ||
		b.seen.Src.String() != "127.0.0.2" {
		must(fmt.Errorf("IPv4: wrong: %v", b.seen))
	}
}

// ---- IPv6 ----

type six struct {
	*ipv6.PacketConn
	here    net.Addr
	out, in [bytes]byte
	specify *ipv6.ControlMessage
	seen    *ipv6.ControlMessage
}

func newSix() bench {
	conn, lo := open("udp6", "[::1]:0")
	b := &six{PacketConn: ipv6.NewPacketConn(conn), here: conn.LocalAddr()}
	must(b.SetControlMessage(
		ipv6.FlagTrafficClass|ipv6.FlagHopLimit|ipv6.FlagSrc|ipv6.FlagDst|ipv6.FlagInterface, true))
	b.specify = &ipv6.ControlMessage{TrafficClass: class, HopLimit: hops, IfIndex: lo.Index}
	return b
}

func (b *six) send() {
	_, err := b.WriteTo(b.out[:], b.specify, b.here)
	must(err)
}

func (b *six) receive() {
	_, control, _, err := b.ReadFrom(b.in[:])
	must(err)
	b.seen = control
}

func (b *six) check() {
	if b.seen.HopLimit != hops || b.seen.TrafficClass != class || b.seen.IfIndex != b.specify.IfIndex ||
		b.seen.Dst.String() != "::1" {
		must(fmt.Errorf("IPv6: wrong: %v", b.seen))
	}
}

// ---- the rows ----

type work struct{ before, loop, after func(bench, int) }

func send(b bench, count int) {
	for i := 0; i < count; i++ {
		b.send()
	}
}

func receive(b bench, count int) {
	for i := 0; i < count; i++ {
		b.receive()
	}
}

func both(b bench, count int) {
	for i := 0; i < count; i++ {
		b.send()
		b.receive()
	}
}

func nothing(bench, int) {}

var works = map[string]work{
	"receive": {send, receive, nothing},
	"send":    {nothing, send, receive},
	"both":    {nothing, both, nothing},
}

// The lower quartile of the batches.
func timeRow(b bench, w work, batches int) float64 {
	times := make([]float64, batches)
	for i := range times {
		w.before(b, atOnce)
		begin := time.Now()
		w.loop(b, atOnce)
		times[i] = float64(time.Since(begin).Nanoseconds()) / atOnce
		w.after(b, atOnce)
	}
	sort.Float64s(times)
	return times[batches/4]
}

func main() {
	benches := map[string]bench{"ipv4": newFour(), "ipv6": newSix()}
	mode := strings.Join(os.Args[1:], " ")
	if mode == "check" {
		for _, b := range benches {
			both(b, 1)
			b.check()
		}
		return
	}
	batches, err := strconv.Atoi(strings.TrimPrefix(mode, "serve "))
	must(err)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		family, name, _ := strings.Cut(lines.Text(), "-")
		fmt.Printf("%.2f\n", timeRow(benches[family], works[name], batches))
	}
}
