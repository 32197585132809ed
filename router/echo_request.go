package router

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/mplsecho"
	"pseudowan/status"
)

// Echo asks for one request of MPLS echo (RFC 8029) from a router along a label-switched
// path: to the loopback of a router or, with a VRF, along the route of the VRF to a prefix.
type Echo struct {
	Router  string            `json:"router"` // the router at the end of the path; "": that of Prefix
	Prefix  netip.Prefix      `json:"prefix"` // a loopback, or a route of the VRF
	VRF     string            `json:"vrf"`    // name or RD; "": the path to a loopback
	TTL     uint8             `json:"ttl"`    // of the labels: 255 for the whole path
	Wait    time.Duration     `json:"wait"`
	Trace   bool              `json:"trace"`   // routers on the way are to tell where they send the request
	Mapping *mplsecho.Mapping `json:"mapping"` // what the router before has told of that; nil: nothing
}

// Echoed is what came back.
type Echoed struct {
	FECs    []string          `json:"fecs"` // that of the outermost label first
	Pushed  []uint32          `json:"pushed"`
	From    netip.Addr        `json:"from"`   // zero: nothing came in time
	Router  string            `json:"router"` // whose address that is; "": no router of the lab has it
	Code    mplsecho.Code     `json:"code"`
	Meaning string            `json:"meaning"` // of Code
	Arrived bool              `json:"arrived"` // the end of the path has answered
	Depth   uint8             `json:"depth"`   // of the label that Code is about, 1 for the bottom of the stack
	Stack   []uint32          `json:"stack"`   // with which the request came there
	Mapping *mplsecho.Mapping `json:"mapping"` // where it goes next; nil: not told
	Millis  float64           `json:"millis"`
}

// Echo sends one request of MPLS echo, and waits for what comes back.
func (c *Client) Echo(ctx context.Context, e Echo) (out Echoed, err error) {
	err = c.send(ctx, http.MethodPost, "echo", e, &out)
	return out, err
}

func (a *agent) postEcho(w http.ResponseWriter, q *http.Request) {
	e, ok := asked[Echo](w, q)
	if !ok {
		return
	}
	if e.TTL == 0 || e.Wait <= 0 {
		http.Error(w, "echo: needs a TTL and a time to wait", http.StatusBadRequest)
		return
	}
	answer, err := a.echo(q.Context(), e)
	a.answer(w, answer, err)
}

// course is the way of a request: its FECs, and the labels with which it enters the switch
// as if it had come from another router.
type course struct {
	fecs   []mplsecho.FEC
	labels []uint32
	from   netip.Addr // the router's own loopback
	pushed []uint32   // with which it leaves
}

// echo sends one request and waits for the reply.
func (a *agent) echo(ctx context.Context, e Echo) (Echoed, error) {
	type found struct {
		course
		err error
	}
	f, err := inLoop(ctx, a.loop, func() (f found) {
		f.course, f.err = a.loop.courseOf(e)
		return f
	})
	if err = errors.Join(err, f.err); err != nil {
		return Echoed{}, err
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(f.from, 0)))
	if err != nil {
		return Echoed{}, fmt.Errorf("MPLS echo: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if e.Trace && e.Mapping == nil {
		e.Mapping = mplsecho.Ask(f.from.Is6())
	}
	message := mplsecho.Message{
		Type: mplsecho.Request, Mode: mplsecho.ReplyUDP, Validate: true, Handle: rand.Uint32(), Sequence: 1,
		Sent: time.Now(), FECs: f.fecs, Mapping: e.Mapping,
	}
	frame, err := f.packet(e.TTL, conn.LocalAddr().(*net.UDPAddr).AddrPort(), message).Frame()
	if err != nil {
		return Echoed{}, fmt.Errorf("MPLS echo: %w", err)
	}
	if err := a.sw.InjectLabeled(frame); err != nil {
		return Echoed{}, err
	}
	out := Echoed{Pushed: f.pushed}
	for _, x := range f.fecs {
		out.FECs = append(out.FECs, x.String())
	}
	if err := out.await(conn, message, min(e.Wait, maxPingWait)); err != nil {
		return out, errors.Join(err, ctx.Err())
	}
	out.Router, err = inLoop(ctx, a.loop, func() string { return a.loop.ownerOf(out.From) })
	return out, err
}

// packet is a request that leaves with a TTL in its labels: that of the outermost one, which
// the router's own label is swapped for, is one less than before.
func (c course) packet(ttl uint8, from netip.AddrPort, m mplsecho.Message) mplsecho.Packet {
	p := mplsecho.Packet{Source: from, Destination: mplsecho.To(c.fecs[len(c.fecs)-1].Prefix.Addr().Is6()), Data: m.Append(nil)}
	for i, label := range c.labels {
		l := mplsecho.Label{Value: label, TTL: ttl, TC: networkControlTC}
		if i == 0 && ttl < 255 {
			l.TTL++
		}
		p.Stack = append(p.Stack, l)
	}
	return p
}

// networkControlTC is the class of MPLS echo in labels (RFC 8029 section 4.3).
const networkControlTC = 6

// await reads what comes until it is the reply to a request, or the time is over.
func (e *Echoed) await(conn *net.UDPConn, request mplsecho.Message, wait time.Duration) error {
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	buffer := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout():
			return nil
		case err != nil:
			return err
		}
		reply, err := mplsecho.Parse(slices.Clone(buffer[:n]))
		if err != nil || reply.Type != mplsecho.Reply || reply.Handle != request.Handle || reply.Sequence != request.Sequence {
			continue
		}
		e.Millis = float64(time.Since(request.Sent).Microseconds()) / 1000
		e.From, e.Mapping = from.Addr().Unmap(), reply.Mapping
		e.Code, e.Depth = reply.Verdict()
		e.Meaning, e.Arrived = e.Code.String(), e.Code == mplsecho.Egress
		if reply.Incoming != nil {
			for _, l := range reply.Incoming.Stack {
				e.Stack = append(e.Stack, l.Value)
			}
		}
		return nil
	}
}

// courseOf returns the way of a request.
func (l *loop) courseOf(e Echo) (c course, err error) {
	if l.cfg.Transport == nil {
		return c, errors.New("there are no label-switched paths: the lab has no core")
	}
	if e.VRF != "" {
		return l.courseOfRoute(e.VRF, e.Prefix)
	}
	to := e.Prefix
	if e.Router != "" {
		i := slices.IndexFunc(l.cfg.Transport.Expect, func(o config.Loopback) bool { return o.Router == e.Router })
		if i < 0 {
			return c, fmt.Errorf("there is no label-switched path to %s; its own loopback, and routers of ASes without a common core, have none", e.Router)
		}
		a := l.cfg.Transport.Expect[i].Address
		to = netip.PrefixFrom(a, a.BitLen())
	}
	return l.courseTo(to)
}

// courseTo is the way to the loopback of another router. The label is that by which others
// send there through this router: the request takes their way.
func (l *loop) courseTo(to netip.Prefix) (c course, err error) {
	p, ok := l.lsps.Path(to)
	c.from = l.loopbackOf(to.Addr().Is4())
	switch {
	case !ok:
		return c, fmt.Errorf("there is no label-switched path to %s; see `pseudowan show lsp --router %s`", to, l.name())
	case p.In == 0:
		return c, fmt.Errorf("the path to %s has no label; give the router a larger range of labels", to)
	case !c.from.IsValid():
		return c, fmt.Errorf("the router has no loopback of the family of %s", to)
	}
	c.fecs, c.labels = []mplsecho.FEC{{Prefix: to}}, []uint32{uint32(p.In)}
	if p.Out != pipeline.ImplicitNull {
		c.pushed = []uint32{uint32(p.Out)}
	}
	return c, nil
}

// courseOfRoute is the way of packets of a VRF to a prefix.
func (l *loop) courseOfRoute(name string, prefix netip.Prefix) (c course, err error) {
	i := slices.IndexFunc(l.cfg.VRFs, func(v config.VRF) bool { return v.Name == name || v.RD.String() == name })
	if i < 0 {
		return c, status.NotFound("no VRF " + name)
	}
	v := l.cfg.VRFs[i]
	best := l.vrfs.Best(fib.Key{VRF: v.ID, Prefix: prefix})
	for bits := prefix.Bits() - 1; best == nil && prefix.IsSingleIP() && bits >= 0; bits-- { // the longest match of an address
		shorter, _ := prefix.Addr().Prefix(bits) // bits fit
		best = l.vrfs.Best(fib.Key{VRF: v.ID, Prefix: shorter})
	}
	switch {
	case best == nil:
		return c, fmt.Errorf("VRF %s has no route to %s; see `pseudowan explain %s %s %s`", v.Name, prefix, l.name(), v.Name, prefix)
	case !best.Remote():
		return c, fmt.Errorf("VRF %s: the route to %s leads to no other router", v.Name, prefix)
	case l.links.Of(best.Route.NextHop) != nil:
		return c, fmt.Errorf("VRF %s: the next hop of %s, %s, is on a link, without a label-switched path", v.Name, prefix, best.Route.NextHop)
	}
	hop := best.Route.NextHop
	if c, err = l.courseTo(netip.PrefixFrom(hop, hop.BitLen())); err != nil {
		return c, err
	}
	if best.Route.Prefix.Addr().Is4() && !c.from.Is4() {
		// The packet under the labels is one of IPv4, and so are its source and the answer's way.
		if c.from = l.loopbackOf(true); !c.from.IsValid() {
			return c, fmt.Errorf("VRF %s: MPLS echo along the route to %s, which is one of IPv4, needs an IPv4 loopback of %s as its source, and the core is one of IPv6; test the path to %s instead", v.Name, prefix, l.name(), hop)
		}
	}
	label := uint32(best.Route.Label)
	c.fecs = append(c.fecs, mplsecho.FEC{VPN: true, RD: best.Route.RD, Prefix: best.Route.Prefix})
	c.labels, c.pushed = append(c.labels, label), append(c.pushed, label)
	return c, nil
}
