package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pseudowan/hosts"
)

// Count is what a port has let in and dropped, in packets.
type Count struct {
	Arrived uint64
	Dropped map[Kind]uint64

	device   string   // to which the rules apply
	comments []string // of the rules
}

// Ensure makes the guarded among ports of the namespace at path drop what they must,
// and removes the rules of all others. It returns the names of the ports that it
// changed.
func Ensure(ctx context.Context, path string, ports []Port) (changed []string, err error) {
	return ensure(ctx, path, ports, true)
}

// Add does the same, and leaves the rules of all other ports alone.
func Add(ctx context.Context, path string, ports []Port) (changed []string, err error) {
	return ensure(ctx, path, ports, false)
}

func ensure(ctx context.Context, path string, ports []Port, areAll bool) (changed []string, err error) {
	none := areAll && !slices.ContainsFunc(ports, Port.Guarded)
	have, err := Counts(ctx, path)
	if none && errors.Is(err, hosts.ErrNoNft) {
		return nil, nil // nor can there be rules
	}
	if err != nil {
		return nil, fmt.Errorf("port guard: %w", err)
	}
	text := script(have, ports, areAll)
	if none {
		text = fmt.Sprintf("add table netdev %[1]s\ndelete table netdev %[1]s\n", table)
	}
	if text == "" {
		return nil, nil
	}
	if err := hosts.Nft(ctx, path, text); err != nil {
		return nil, fmt.Errorf("port guard: %w", err)
	}
	for _, p := range ports {
		if _, had := have[p.Name]; p.Guarded() && !p.Active(have) || had && !p.Guarded() {
			changed = append(changed, p.Name)
		}
	}
	return changed, nil
}

// Counts returns what the guarded ports of the namespace at path have seen, by name.
func Counts(ctx context.Context, path string) (map[string]Count, error) {
	data, err := hosts.NftTables(ctx, path)
	if err != nil {
		return nil, err
	}
	out, err := parse(data)
	if err != nil || len(out) == 0 {
		return out, err
	}
	chains, err := hosts.NftChains(ctx, path)
	for name, device := range devices(string(chains)) {
		c := out[name]
		c.device = device
		out[name] = c
	}
	return out, err
}

// devices reads the devices of our chains from what nft prints. Its JSON has them only
// since version 1.0.7.
func devices(chains string) map[string]string {
	out := map[string]string{}
	var in, chain string
	for line := range strings.Lines(chains) {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, " {"), " ")
		switch word {
		case "table":
			in = rest
		case "chain":
			chain = strings.Trim(rest, `"`)
		case "type":
			_, rest, _ = strings.Cut(rest, " ingress ")
			device, _, _ := strings.Cut(rest, "priority ")
			_, device, found := strings.Cut(strings.TrimSpace(device), " ")
			if in == "netdev "+table && found {
				out[chain] = strings.Trim(device, `"= `)
			}
		}
	}
	return out
}

// listing is what nft prints as JSON, as far as it concerns us.
type listing struct {
	Nftables []struct {
		Chain *struct{ Table, Name string }
		Rule  *struct {
			Table, Chain, Comment string
			Expr                  []struct{ Counter json.RawMessage }
		}
	}
}

func parse(data []byte) (map[string]Count, error) {
	var l listing
	if err := json.Unmarshal(data, &l); err != nil {
		return nil, fmt.Errorf("nft: %w", err)
	}
	out := map[string]Count{}
	for _, x := range l.Nftables {
		switch {
		case x.Chain != nil && x.Chain.Table == table:
			if _, known := out[x.Chain.Name]; !known {
				out[x.Chain.Name] = Count{Dropped: map[Kind]uint64{}}
			}
		case x.Rule != nil && x.Rule.Table == table:
			c, known := out[x.Rule.Chain]
			if !known {
				c.Dropped = map[Kind]uint64{}
			}
			c.comments = append(c.comments, x.Rule.Comment)
			for _, e := range x.Rule.Expr {
				var n struct{ Packets uint64 }
				if len(e.Counter) == 0 || json.Unmarshal(e.Counter, &n) != nil {
					continue
				}
				if strings.HasPrefix(x.Rule.Comment, "pw:") {
					c.Arrived = n.Packets
				} else {
					c.Dropped[Kind(x.Rule.Comment)] += n.Packets
				}
			}
			out[x.Rule.Chain] = c
		}
	}
	return out, nil
}
