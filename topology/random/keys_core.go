package random

import "fmt"

// linkMetric and linkTransport are for labs with a core.
func linkMetric(e *editor, _ *mapping) any {
	e.needCore()
	return 1 + e.IntN(100)
}

// loopback6 is for labs with a core of IPv6.
func loopback6(e *editor, _ *mapping) any {
	e.needCore()
	e.file.sub("core").set("families", "ipv6")
	return fmt.Sprintf("2001:db8:ffff:ff::%x", 1+e.IntN(0xffff))
}

// trackedUplink is for routers of a core, with hosts.
func trackedUplink(e *editor, at *mapping) any {
	e.needCore()
	return truth(e, at)
}

func linkTransport(e *editor, at *mapping) any {
	e.needCore()
	return truth(e, at)
}

func (e *editor) needCore() {
	if e.file.get("core") == nil {
		e.file.set("core", "labeled-unicast")
	}
}
