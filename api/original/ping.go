package original

import (
	"context"
	"fmt"
)

// pings is how many requests a ping of the original sends.
const pings = 5

// ping sends echo requests from the VRF of a port.
func ping(ctx context.Context, lab Lab, router, body string) (map[string]any, error) {
	f, err := write{object: "ping", keys: []string{"hostIp", "data", "outPort"}}.read(body)
	if err != nil {
		return nil, err
	}
	to, err := f.address("hostIp")
	if err != nil {
		return nil, err
	}
	vrf, err := vrfAt(ctx, lab, router, f["outPort"])
	if err != nil {
		return nil, err
	}
	lines := []string{fmt.Sprintf("PING %s : %d data bytes", to, len(f["data"]))}
	for n := 1; n <= pings; n++ {
		from, err := lab.Ping(ctx, router, vrf, to, len(f["data"]))
		switch {
		case err != nil:
			return nil, err
		case from.IsValid():
			lines = append(lines, fmt.Sprintf("ping ok (echo reply from %s, icmp_seq %d)", from, n))
		default:
			lines = append(lines, fmt.Sprintf("ping ng ( Request Timeout for icmp_seq %d )", n))
		}
	}
	return map[string]any{"ping": lines}, nil
}

// vrfAt finds the VRF of a port by its number.
func vrfAt(ctx context.Context, lab Lab, router, port string) (string, error) {
	all, err := lab.Interfaces(ctx, router)
	if err != nil {
		return "", err
	}
	for _, i := range all {
		if fmt.Sprint(i.Port) == port && i.VRF != "" {
			return i.VRF, nil
		}
	}
	return "", conflictf("router %s has no port %s in a VRF", router, port)
}
