package topology

import (
	"fmt"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/distribution/reference"
)

// Scalars of a host that is a container.
type (
	memorySize int64   // octets: 256M, 1GiB
	cpuCount   float64 // 0.5
)

// Bounds on a container's resources. Docker refuses less memory.
const (
	minMemory = 6 << 20
	maxCPUs   = 4096
	minCPUs   = 0.01
)

var memoryForm = regexp.MustCompile(`^([0-9]{1,15})([KMGkmg]?)(?:i?[Bb])?$`)

// parseMemory reads a size. As in Docker, the units are powers of 1024.
func parseMemory(p *memorySize, s string) *fault {
	m := memoryForm.FindStringSubmatch(s)
	if m == nil {
		return &fault{fmt.Sprintf("%q is not a size", s), "write it as 256M or 1G"}
	}
	n, _ := strconv.ParseInt(m[1], 10, 64)
	unit := int64(1)
	switch strings.ToUpper(m[2]) {
	case "K":
		unit = 1 << 10
	case "M":
		unit = 1 << 20
	case "G":
		unit = 1 << 30
	}
	switch {
	case n > math.MaxInt64/unit:
		return &fault{fmt.Sprintf("%q is out of range", s), "write it as 256M or 1G"}
	case n*unit < minMemory:
		return &fault{fmt.Sprintf("%q is less than a container needs", s), fmt.Sprintf("use at least %dM", minMemory>>20)}
	}
	*p = memorySize(n * unit)
	return nil
}

func parseCPUs(p *cpuCount, s string) *fault {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n >= minCPUs && n <= maxCPUs) {
		return &fault{fmt.Sprintf("%q is not a number of CPUs from %v to %d", s, minCPUs, maxCPUs), "write it as 0.5 or 2"}
	}
	*p = cpuCount(n)
	return nil
}

// parseMount reads HOST:CONTAINER, HOST:CONTAINER:ro or HOST:CONTAINER:rw.
func parseMount(p *Mount, s string) *fault {
	parts := strings.Split(s, ":")
	const remedy = "write it as ./dir:/dir, or ./dir:/dir:ro for read-only access"
	readOnly := len(parts) == 3 && parts[2] == "ro"
	if len(parts) != 2 && !readOnly && !(len(parts) == 3 && parts[2] == "rw") {
		return &fault{fmt.Sprintf("%q is not a mount", s), remedy}
	}
	if parts[0] == "" {
		return &fault{fmt.Sprintf("mount %q names no path of the server", s), remedy}
	}
	if inDir(parts[1], "/proc") {
		return &fault{fmt.Sprintf("mount %q: /proc belongs to the kernel", s), remedy}
	}
	if to := parts[1]; !path.IsAbs(to) || path.Clean(to) != to || to == "/" {
		return &fault{fmt.Sprintf("mount %q: %q is not an absolute path in the host", s, to), remedy}
	}
	*p = Mount{Source: parts[0], Target: parts[1], ReadOnly: readOnly}
	return nil
}

// containerSettings fills the settings that only containers have, and refuses them
// on a host whose runtime has no containers.
func (b *hostBuilder) containerSettings(h *Host, s hostSettings, element string) {
	h.Image, h.Build, h.BuildLine = s.Image.v, s.Build.v, s.Build.at.line
	h.Memory, h.CPUs = int64(s.Memory.v), float64(s.CPUs.v)
	targets := make(map[string]bool)
	for _, m := range s.Mounts {
		if targets[m.v.Target] && m.has {
			b.refuse(m.at, element, fmt.Sprintf("two mounts on %s", m.v.Target), "remove one")
		}
		targets[m.v.Target] = true
		m.v.Line = m.at.line
		h.Mounts = append(h.Mounts, m.v)
	}
	if why := badImage(s.Image.v); s.Image.has && why != "" {
		b.refuse(s.Image.at, element, why, "write it as debian:13, or remove image: for the built-in one")
	}
	if s.Build.has && s.Build.v == "" {
		b.refuse(s.Build.at, element, "build: is empty", "name a directory with a Dockerfile, or the file")
	}
	if s.Image.has && s.Build.has {
		b.refuse(s.Build.at, element, "has image: and build:", "keep one of them")
	}
	b.checkNameLength(h.Name, first(s.Runtime, b.raw.Runtime).v, element)
	b.privileges(h, s, element)
	if key, at := s.machineOnly(); key != "" {
		b.refuse(at, element, key+": is for virtual machines", "remove it, or use runtime: "+b.runtimes.withMachines())
	}
	key, at := s.containerOnly()
	if key == "" {
		return
	}
	h.ContainerOnly = &Setting{Key: key, Line: at.line}
	if runtime := first(s.Runtime, b.raw.Runtime).v; b.runtimes.bare(runtime) {
		what, remedy := key+": is", "remove it"
		if key == "devices" || key == "capabilities" {
			what, remedy = key+": are", "remove it: such a host has all of the server's"
		}
		b.refuse(at, element, fmt.Sprintf("%s for containers, but the host's runtime is %s", what, runtime), remedy+", or use runtime: "+b.runtimes.withContainers())
	}
}

// checkNameLength refuses a node name that is too short for the host's runtime.
func (b *hostBuilder) checkNameLength(name string, runtime runtime, element string) {
	found, _ := b.runtimes.find(runtime)
	if at, named := b.names.at[name]; named && len(b.lab.NodePrefix+name) < found.MinName {
		b.refuse(at, element, fmt.Sprintf("names of hosts with runtime %s have %d characters or more", found.Name, found.MinName),
			"set node-prefix:, or give the host a longer name")
	}
}

// badImage returns why a name is not valid for an image; "" if it is.
func badImage(name string) string {
	if _, err := reference.ParseNormalizedNamed(name); err != nil {
		return fmt.Sprintf("%q is not the name of an image: %v", name, err)
	}
	return ""
}

// containerOnly returns the first setting that only a container can have, or "" if
// there is none.
func (s hostSettings) containerOnly() (key string, at pos) {
	switch {
	case s.Image.has:
		return "image", s.Image.at
	case s.Build.has:
		return "build", s.Build.at
	case len(s.Mounts) > 0:
		return "mounts", s.Mounts[0].at
	case s.Memory.has:
		return "memory", s.Memory.at
	case s.CPUs.has:
		return "cpus", s.CPUs.at
	case len(s.Devices) > 0:
		return "devices", s.Devices[0].at
	case len(s.Capabilities) > 0:
		return "capabilities", s.Capabilities[0].at
	}
	return "", pos{}
}

// overContainer fills the unset container settings of s from base. A host whose own
// runtime has no containers inherits none.
func (s hostSettings) overContainer(base hostSettings, known runtimes) hostSettings {
	if known.bare(s.Runtime.v) {
		return s
	}
	if s.Image.missing() && s.Build.missing() {
		s.Image, s.Build = base.Image, base.Build
	}
	if s.Mounts == nil {
		s.Mounts = base.Mounts
	}
	if s.Devices == nil {
		s.Devices = base.Devices
	}
	if s.Capabilities == nil {
		s.Capabilities = base.Capabilities
	}
	s.Memory = first(s.Memory, base.Memory)
	s.CPUs = first(s.CPUs, base.CPUs)
	return s
}
