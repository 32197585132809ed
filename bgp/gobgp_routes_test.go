package bgp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	api "github.com/osrg/gobgp/v3/api"
	gobgplog "github.com/osrg/gobgp/v3/pkg/log"
	"github.com/osrg/gobgp/v3/pkg/server"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

var ctx = context.Background()

var family = &api.Family{Afi: api.Family_AFI_IP, Safi: api.Family_SAFI_MPLS_VPN}

// TestRoutesForBench is the program of bench/routes.sh, with arguments in ROUTES_BENCH:
//
//	bare N                        two GoBGP servers in this process, one with a watcher
//	router N LOCAL PEER COMMANDS  a GoBGP server here, and a router that is observed by commands
//
// It prints the seconds from the first route to the last, announced and withdrawn, and in
// the second case what the commands "count" (flows), "cpu" (seconds), "memory" (octets) and
// "ping" (which goes on until it is interrupted) say.
func TestRoutesForBench(t *testing.T) {
	args := strings.Fields(os.Getenv("ROUTES_BENCH"))
	if len(args) < 2 {
		t.Skip("not for tests")
	}
	n, err := strconv.Atoi(args[1])
	must(err)
	if args[0] == "bare" {
		bare(n)
	} else {
		router(n, args[2], args[3], args[4])
	}
}

// bare measures two servers.
func bare(n int) {
	from, to := start(65002, "10.10.10.2", 17900), start(65001, "10.10.10.1", -1)
	var come, gone atomic.Int64
	must(to.WatchEvent(ctx, &api.WatchEventRequest{Table: &api.WatchEventRequest_Table{
		Filters: []*api.WatchEventRequest_Table_Filter{{Type: api.WatchEventRequest_Table_Filter_POST_POLICY}},
	}}, func(r *api.WatchEventResponse) {
		for _, p := range r.GetTable().GetPaths() {
			if p.GetIsWithdraw() {
				gone.Add(1)
			} else {
				come.Add(1)
			}
		}
	}))
	must(from.AddPeer(ctx, &api.AddPeerRequest{Peer: peer("127.0.0.2", "127.0.0.1", 65001, true, 0)}))
	must(to.AddPeer(ctx, &api.AddPeerRequest{Peer: peer("127.0.0.1", "127.0.0.2", 65002, false, 17900)}))
	established(from)
	measure("announced", func() {
		announce(from, n)
		await(func() bool { return come.Load() >= int64(n) })
	})
	measure("withdrawn", func() {
		withdraw(from, n)
		await(func() bool { return gone.Load() >= int64(n) })
	})
}

// router measures a server and a router.
func router(n int, local, remote, commands string) {
	from := start(65002, "10.10.10.2", -1)
	must(from.AddPeer(ctx, &api.AddPeerRequest{Peer: peer(remote, local, 65001, false, 179)}))
	established(from)
	time.Sleep(2 * time.Second)
	flows, memory, cpu := number(commands, "count"), number(commands, "memory"), number(commands, "cpu")
	measure("announced", func() {
		announce(from, n)
		await(func() bool { return number(commands, "count") >= flows+float64(n) })
	})
	fmt.Println("cpu", number(commands, "cpu")-cpu)
	time.Sleep(20 * time.Second)
	fmt.Println("memory", (number(commands, "memory")-memory)/float64(n))
	p := startPing(commands)
	time.Sleep(3 * time.Second)
	p.stop("still-")
	p = startPing(commands)
	measure("withdrawn", func() {
		withdraw(from, n)
		await(func() bool { return number(commands, "count") <= flows })
	})
	p.stop("")
}

func start(as uint32, id string, port int32) *server.BgpServer {
	s := server.NewBgpServer(server.LoggerOption(gobgplog.NewDefaultLogger()))
	s.Log().SetLevel(gobgplog.FatalLevel)
	go s.Serve()
	must(s.StartBgp(ctx, &api.StartBgpRequest{Global: &api.Global{
		Asn: as, RouterId: id, ListenPort: port, ListenAddresses: []string{"127.0.0.1"},
	}}))
	return s
}

func peer(remote, local string, as uint32, passive bool, port uint32) *api.Peer {
	return &api.Peer{
		Conf:      &api.PeerConf{NeighborAddress: remote, PeerAsn: as},
		Timers:    &api.Timers{Config: &api.TimersConfig{ConnectRetry: 1, IdleHoldTimeAfterReset: 1}},
		Transport: &api.Transport{LocalAddress: local, PassiveMode: passive, RemotePort: port},
		AfiSafis:  []*api.AfiSafi{{Config: &api.AfiSafiConfig{Family: family, Enabled: true}}},
	}
}

func established(s *server.BgpServer) {
	await(func() (up bool) {
		must(s.ListPeer(ctx, &api.ListPeerRequest{}, func(p *api.Peer) {
			up = p.GetState().GetSessionState() == api.PeerState_ESTABLISHED
		}))
		return up
	})
}

func announce(s *server.BgpServer, n int) {
	attrs := []*anypb.Any{
		packed(&api.OriginAttribute{Origin: 0}), packed(&api.NextHopAttribute{NextHop: "0.0.0.0"}),
		packed(&api.ExtendedCommunitiesAttribute{Communities: []*anypb.Any{
			packed(&api.TwoOctetAsSpecificExtended{IsTransitive: true, SubType: 2, Asn: 65001, LocalAdmin: 1}),
		}}),
	}
	for i := range n {
		_, err := s.AddPath(ctx, &api.AddPathRequest{Path: &api.Path{Family: family, Nlri: nlri(i), Pattrs: attrs}})
		must(err)
	}
}

func withdraw(s *server.BgpServer, n int) {
	for i := range n {
		must(s.DeletePath(ctx, &api.DeletePathRequest{Path: &api.Path{Family: family, Nlri: nlri(i), IsWithdraw: true, Pattrs: []*anypb.Any{
			packed(&api.OriginAttribute{Origin: 0}), packed(&api.NextHopAttribute{NextHop: "0.0.0.0"}),
		}}}))
	}
}

func nlri(i int) *anypb.Any {
	return packed(&api.LabeledVPNIPAddressPrefix{
		Labels: []uint32{uint32(1000 + i%100)}, Rd: packed(&api.RouteDistinguisherTwoOctetASN{Admin: 65002, Assigned: 1}),
		PrefixLen: 30, Prefix: fmt.Sprintf("20.%d.%d.%d", i>>14, i>>6&255, i&63*4),
	})
}

func packed(m proto.Message) *anypb.Any {
	a, err := anypb.New(m)
	must(err)
	return a
}

func measure(what string, do func()) {
	began := time.Now()
	do()
	fmt.Println(what, time.Since(began).Seconds())
}

func await(is func() bool) {
	for !is() {
		time.Sleep(50 * time.Millisecond)
	}
}

func number(commands, what string) float64 {
	out, err := exec.Command(commands, what).Output()
	must(err)
	n, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	must(err)
	return n
}

type ping struct {
	cmd *exec.Cmd
	out io.ReadCloser
}

func startPing(commands string) *ping {
	p := &ping{cmd: exec.Command(commands, "ping")}
	var err error
	p.out, err = p.cmd.StdoutPipe()
	must(err)
	must(p.cmd.Start())
	return p
}

// stop prints how many packets were lost, and the round-trip time that 99 of 100 kept.
func (p *ping) stop(when string) {
	must(p.cmd.Process.Signal(syscall.SIGINT))
	var times []float64
	for in := bufio.NewScanner(p.out); in.Scan(); {
		if _, rest, ok := strings.Cut(in.Text(), "time="); ok {
			if t, err := strconv.ParseFloat(strings.TrimSuffix(rest, " ms"), 64); err == nil {
				times = append(times, t)
			}
		} else if sent := 0; strings.Contains(in.Text(), "transmitted") {
			_, _ = fmt.Sscan(in.Text(), &sent)
			fmt.Println(when+"lost", sent-len(times))
		}
	}
	_ = p.cmd.Wait()
	slices.Sort(times)
	if len(times) > 0 {
		fmt.Println(when+"p99", times[int(math.Ceil(float64(len(times))*0.99))-1], "ms; median", times[len(times)/2])
	}
}

func must(err error) {
	if err != nil {
		slog.Error("routes", "error", err)
		os.Exit(1)
	}
}
