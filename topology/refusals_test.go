package topology

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// base is the three lines with which most refused files start.
const base = `name: t
routers: {pe1: {as: 65001}, pe2: {as: 65002}}
vrfs: {red: {rts: "1:1"}}
`

// refusal is a file and all its problems, without the file's name.
type refusal struct {
	name, file string
	want       []string
}

// testRuntimes are like those of pseudowan.
var testRuntimes = []Runtime{{Name: "netns"}, {Name: "docker", Containers: true, MinName: 2}, {Name: "vm", Machines: true}}

func TestRefusals(t *testing.T) {
	groups := map[string][]refusal{
		"file":            refusedFile,
		"names":           refusedNames,
		"routers":         refusedRouters,
		"links":           refusedLinks,
		"transport":       refusedTransport,
		"sessions":        refusedSessions,
		"VRFs":            refusedVRFs,
		"hosts":           refusedHosts,
		"segments":        refusedSegments,
		"server":          refusedServer,
		"late":            refusedLate,
		"containers":      refusedContainers,
		"services":        refusedServices,
		"customers":       refusedCustomers,
		"machines":        refusedMachines,
		"series":          refusedSeries,
		"copies":          refusedCopies,
		"expectations":    refusedExpectations,
		"outside":         refusedOutside,
		"monitors":        refusedMonitors,
		"several at once": refusedSeveralAtOnce,
	}
	for group, refusals := range groups {
		for _, tt := range refusals {
			t.Run(group+"/"+tt.name, func(t *testing.T) {
				_, err := Parse("lab.yaml", []byte(tt.file), testRuntimes...)
				if err == nil {
					t.Fatal("not refused")
				}
				want := "lab.yaml" + strings.Join(tt.want, "\nlab.yaml")
				if diff := cmp.Diff(want, err.Error()); diff != "" {
					t.Errorf("problems (-want +got):\n%s", diff)
				}
			})
		}
	}
}
