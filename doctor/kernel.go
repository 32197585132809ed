package doctor

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// observeKernel completes k. It tries the features that labs use in a temporary
// namespace. It only looks up the others, because trying them would load modules that
// nothing needs.
func observeKernel(k Kernel) Kernel {
	k.Release = release()
	k.VXLAN = present(hasModule(k.Release, "vxlan"))
	k.VRF = present(hasModule(k.Release, "vrf"))
	k.MPLS = present(hasModule(k.Release, "mpls_router"))
	k.OpenVSwitch = hasDatapath()
	if os.Geteuid() != 0 {
		return k
	}
	tried := make(chan struct{})
	go func() {
		defer close(tried)
		k.tryNamespace()
	}()
	<-tried
	return k
}

// tryNamespace moves its thread into a new namespace, tries features there, and moves
// it back. A thread that cannot go back stays locked and ends with its goroutine.
func (k *Kernel) tryNamespace() {
	runtime.LockOSThread()
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return
	}
	defer unix.Close(home)
	k.Namespaces = present(unix.Unshare(unix.CLONE_NEWNET) == nil)
	if k.Namespaces == Present {
		k.tryLinks()
	}
	if unix.Setns(home, unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	}
}

// tryLinks makes one link of each kind in the thread's namespace.
func (k *Kernel) tryLinks() {
	nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return
	}
	defer nl.Close()
	named := func(name string) netlink.LinkAttrs {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = name
		return attrs
	}
	try := func(l netlink.Link) Presence { return present(nl.LinkAdd(l) == nil) }
	k.Veth = try(&netlink.Veth{LinkAttrs: named("v0"), PeerName: "v1"})
	k.Bridge = try(&netlink.Bridge{LinkAttrs: named("b0")})
	k.Dummy = try(&netlink.Dummy{LinkAttrs: named("d0")})
	if k.Dummy == Absent {
		k.IFB = try(&netlink.Ifb{LinkAttrs: named("i0")})
	}
}

// hasDatapath asks for the generic netlink family of the kernel's datapath, which
// loads its module if needed.
func hasDatapath() Presence {
	_, err := netlink.GenlFamilyGet("ovs_datapath")
	return present(err == nil)
}

func release() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// hasModule reports whether a module is loaded, built in, or can be loaded. A server
// need not have /lib/modules.
func hasModule(release, name string) bool {
	if exists("/sys/module/" + name) {
		return true
	}
	for _, list := range []string{"modules.builtin", "modules.dep"} {
		text, err := os.ReadFile(filepath.Join("/lib/modules", release, list))
		if err == nil && strings.Contains(string(text), "/"+name+".ko") {
			return true
		}
	}
	return false
}
