package neighbor_test

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"pseudowan/router/neighbor"
)

// The table takes the time as a value and returns what to do.
func ExampleTable() {
	table := neighbor.New()
	key := neighbor.Key{Port: 5, Addr: netip.MustParseAddr("10.1.0.2")}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	do := func(actions []neighbor.Action) {
		for _, a := range actions {
			switch a := a.(type) {
			case neighbor.Probe:
				fmt.Println("ask for", a.Key.Addr, "on port", a.Key.Port)
			case neighbor.Up:
				fmt.Println(a.Key.Addr, "is at", a.MAC)
			}
		}
	}
	do(table.Want(now, key))
	due, _ := table.Next()
	do(table.Tick(due))
	do(table.Seen(due, key, net.HardwareAddr{2, 0, 0, 0, 0, 1}, neighbor.Evidence{Solicited: true, Override: true}))
	// Output:
	// ask for 10.1.0.2 on port 5
	// ask for 10.1.0.2 on port 5
	// 10.1.0.2 is at 02:00:00:00:00:01
}
