package look

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"pseudowan/capture"
	"pseudowan/hosts/probe"
	"pseudowan/labs/store"
	"pseudowan/status"
	"pseudowan/trace"
	"pseudowan/verify"
)

// Answers answers the questions of Sites about the site that runs here. Its methods are
// those of a service of net/rpc.
type Answers struct {
	ctx context.Context
	in  *inspection

	closed chan struct{} // nobody waits for answers any more
	hangUp func()        // closes closed, once

	mu       sync.Mutex
	sender   *probe.Prober
	frames   *frames
	happened *happened
}

// NewAnswers opens the site. ctx ends what is asked.
func NewAnswers(ctx context.Context) (*Answers, error) {
	in, err := inspect(ctx, "", "")
	if err != nil {
		return nil, err
	}
	return newAnswers(ctx, in), nil
}

func newAnswers(ctx context.Context, in *inspection) *Answers {
	closed := make(chan struct{})
	return &Answers{ctx: ctx, in: in, closed: closed, hangUp: sync.OnceFunc(func() { close(closed) })}
}

// Close closes what questions have opened.
func (a *Answers) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hangUp()
	if a.sender != nil {
		a.sender.Close()
	}
	if a.frames != nil {
		a.frames.close()
	}
}

// About is what a site says about itself.
type About struct {
	Lab        string
	Digest     string // of the whole lab's topology
	Routers    []string
	Hosts      []string // that run
	Missing    []string // hosts that do not
	Configured verify.Configured
}

// Describe tells what the site is.
func (a *Answers) Describe(_ struct{}, reply *About) (err error) {
	reply.Lab, reply.Routers, reply.Missing = a.in.lab.Name, a.in.lab.routers, a.in.missing
	for _, h := range a.in.hosts {
		reply.Hosts = append(reply.Hosts, h.Name)
	}
	text, err := store.Source(a.in.lab.Name)
	if err != nil {
		return err
	}
	reply.Digest = fmt.Sprintf("%x", sha256.Sum256(text))
	if a.in.lab.applied == nil {
		return errors.New("its applied topology cannot be read")
	}
	reply.Configured, err = a.in.configured(a.in.lab.applied)
	return err
}

// Source reads the text of the whole lab's topology.
func (a *Answers) Source(_ struct{}, reply *[]byte) (err error) {
	*reply, err = store.Source(a.in.lab.Name)
	return err
}

// Listen opens the hosts for probes: they answer those of the other sites that have the
// key, too.
func (a *Answers) Listen(key probe.Key, port *uint16) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sender != nil {
		return errors.New("the hosts are open already")
	}
	sender, err := a.in.open(&Together{Key: key})
	if err != nil {
		return err
	}
	a.sender, a.in.port = sender, sender.Port()
	*port = sender.Port()
	return nil
}

// Path sends a packet with each TTL.
func (a *Answers) Path(p verify.Probe, reply *[]verify.Hop) error {
	a.mu.Lock()
	sender := a.sender
	a.mu.Unlock()
	if sender == nil {
		return errors.New("the hosts are not open")
	}
	hops, err := prober{hosts: sender, in: a.in}.Path(a.ctx, p)
	*reply = list(hops)
	return err
}

// Concerning selects what of routers' tables concerns a prefix: at Router, if it is not
// "", also what is inside it, what was received, and the speaker's routes.
type Concerning struct {
	Router string
	Prefix netip.Prefix
}

// Tables reads the routers' tables, without the topology.
func (a *Answers) Tables(q Concerning, reply *trace.Snapshot) error {
	if !slices.Contains(a.in.lab.routers, q.Router) {
		q.Router = ""
	}
	s, err := a.in.about(a.ctx, q.Router, q.Prefix)
	if err != nil {
		return err
	}
	*reply = *s
	reply.Topology, reply.Stations = nil, nil // the same at every site
	return nil
}

// AtRouter is a packet at a router.
type AtRouter struct {
	Router string
	Packet trace.Packet
	Port   uint16 // of the probes that it stands for
}

// Fate asks a router's Open vSwitch.
func (a *Answers) Fate(q AtRouter, reply *trace.Fate) (err error) {
	in := *a.in
	in.port = q.Port
	*reply, err = in.Fate(a.ctx, q.Router, q.Packet)
	return err
}

// LabelOf is a label of a router.
type LabelOf struct {
	Router string
	Label  uint32
}

// Label asks a router what it has assigned a label for.
func (a *Answers) Label(q LabelOf, reply *[]status.Flow) error {
	rows, err := a.in.Label(a.ctx, q.Router, q.Label)
	*reply = list(rows)
	return err
}

// AtHost is a packet at a host.
type AtHost struct {
	Host   string
	Packet trace.HostPacket
}

// Route asks a host's kernel.
func (a *Answers) Route(q AtHost, reply *trace.HostRoute) (err error) {
	*reply, err = a.in.Route(a.ctx, q.Host, q.Packet)
	return err
}

// Rules looks for rules of a host's packet filter.
func (a *Answers) Rules(host string, reply *trace.HostRules) (err error) {
	*reply, err = a.in.Rules(a.ctx, host)
	return err
}

// Names tells what labels and addresses stand for.
func (a *Answers) Names(_ struct{}, reply *capture.Names) error {
	*reply = a.in.lab.captureNames(a.ctx)
	return nil
}

// list returns a list that is not nil, which net/rpc/jsonrpc takes for no answer.
func list[T any](all []T) []T { return append([]T{}, all...) }
