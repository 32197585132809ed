package probe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
)

// Key makes probers that run apart, with hosts of their own each, know each other's.
// Whoever has it can pretend to be a host.
type Key [32]byte

// of derives from the key what every prober calls by a name.
func (k Key) of(name string) []byte {
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte(name))
	return h.Sum(nil)
}

// OpenTogether makes a station in every host, which answers the other probers with the
// key, too. names are those of the hosts of all probers.
func OpenTogether(hosts []Host, key Key, names []string) (*Prober, error) {
	port := firstPort + int(binary.BigEndian.Uint32(key.of("port"))%(lastPort-firstPort))
	tokenOf := func(name string) (k token, err error) {
		copy(k[:], key.of("host "+name))
		return k, nil
	}
	return openWith(hosts, port, tokenOf, names...)
}

// Arrival is a request of a host of another prober with the same key, at a host of this one.
type Arrival struct {
	From, To    string
	Destination netip.Addr
}

// maxArrivals bounds what is remembered of other probers.
const maxArrivals = 1 << 18

func (pr *Prober) hearElsewhere(at *station, m message, to netip.Addr) {
	from, known := pr.byToken[m.token]
	if !known || m.kind != request {
		return
	}
	pr.mu.Lock()
	defer pr.mu.Unlock()
	if len(pr.arrived) < maxArrivals {
		pr.arrived[Arrival{from, at.host.Name, to}] = true
	}
}

// Arrived lists the requests of other probers' hosts so far.
func (pr *Prober) Arrived() []Arrival {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	return slices.Collect(maps.Keys(pr.arrived))
}
