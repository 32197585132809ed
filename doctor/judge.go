package doctor

import (
	"fmt"

	"pseudowan/status"
)

// Judge returns what the observations mean for a lab. It is pure. Findings are in a
// fixed order; there is none for what was not observed.
func Judge(o Observed, n Need) []status.Finding {
	var found []status.Finding
	for _, judge := range []func(Observed, Need) []status.Finding{
		root, privileges, kernel, openVSwitch, datapath, xdp, daemons, builtinImage, machines, programs, packagesOf, disks, limits, costs, liveness, neighbours, ports, nics, server, labs,
	} {
		found = append(found, judge(o, n)...)
	}
	return found
}

// failures returns the findings that keep a lab from running.
func failures(found []status.Finding) []status.Finding {
	var out []status.Finding
	for _, f := range found {
		if f.Status == status.Fail {
			out = append(out, f)
		}
	}
	return out
}

func ok(check, format string, args ...any) status.Finding {
	return status.Finding{Check: check, Status: status.OK, Detail: fmt.Sprintf(format, args...)}
}

func warn(check, detail, cost, remedy string) status.Finding {
	return status.Finding{Check: check, Status: status.Warn, Detail: detail, Cost: cost, Remedy: remedy}
}

func fail(check, detail, cost, remedy string) status.Finding {
	return status.Finding{Check: check, Status: status.Fail, Detail: detail, Cost: cost, Remedy: remedy}
}

func root(o Observed, _ Need) []status.Finding {
	if o.Root {
		return []status.Finding{ok("root", "yes")}
	}
	return []status.Finding{fail("root", "not root",
		"labs are made of network namespaces, which only root may create", "run it with sudo")}
}
