package topology

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestContainerSettings(t *testing.T) {
	lab, err := Parse("lab.yaml", []byte(base+`defaults: {host: {image: nginx, memory: 1G, cpus: 0.5, mounts: ["./all:/all"]}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24], build: ./image, memory: 64MiB, mounts: ["/etc/b:/b:ro", "b:/c:rw"]}
  c: {to: pe1, vrf: red, addresses: [10.3.0.2/24], runtime: netns}
  d: {to: pe1, vrf: red, addresses: [10.4.0.2/24], mounts: []}`), testRuntimes...)
	if err != nil {
		t.Fatal(err)
	}
	want := []Host{
		{Name: "a", Image: "nginx", Memory: 1 << 30, CPUs: 0.5, Mounts: []Mount{{Source: "./all", Target: "/all", Line: 4}}, ContainerOnly: &Setting{"image", 4}},
		{Name: "b", Build: "./image", Memory: 64 << 20, CPUs: 0.5, ContainerOnly: &Setting{"build", 7}, BuildLine: 7,
			Mounts: []Mount{{Source: "/etc/b", Target: "/b", ReadOnly: true, Line: 7}, {Source: "b", Target: "/c", Line: 7}}},
		{Name: "c", Runtime: "netns"},
		{Name: "d", Image: "nginx", Memory: 1 << 30, CPUs: 0.5, ContainerOnly: &Setting{"image", 4}},
	}
	for i, h := range lab.Hosts {
		h.Attachments = nil
		if diff := cmp.Diff(want[i], h); diff != "" {
			t.Errorf("host %s (-want +got):\n%s", h.Name, diff)
		}
	}
}

func TestMemorySizes(t *testing.T) {
	for text, want := range map[string]memorySize{"8388608": 8 << 20, "8m": 8 << 20, "10240k": 10 << 20, "1GB": 1 << 30, "2GiB": 2 << 30} {
		var got memorySize
		if err := parseMemory(&got, text); err != nil || got != want {
			t.Errorf("%s: %d, %+v; want %d", text, got, err, want)
		}
	}
}
