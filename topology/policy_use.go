package topology

import (
	"fmt"

	"pseudowan/bgp/vpn"
)

// vpnFamilies are the families of the routes of VRFs.
var vpnFamilies = []vpn.Family{vpn.VPNv4, vpn.VPNv6}

// useAtSession notes the policies of a session, and refuses those that do not
// exist. The families are those of its routes; nil where it is not one session.
func (b *policyBuilder) useAtSession(o sessionKeys, families []vpn.Family, element string) {
	for key, list := range map[string][]string{importKey: o.v.ImportPolicy, exportKey: o.v.ExportPolicy} {
		if !o.has(key) {
			continue
		}
		var at oneOrMany[value[string]]
		for _, name := range list {
			at = append(at, given(o.at(key), name))
		}
		b.use(at, key, families, element)
	}
}

// The keys under which policies are named.
const (
	importKey = "import-policy"
	exportKey = "export-policy"
)

// use notes the policies of one direction, that of the key, in their order.
func (b *policyBuilder) use(list oneOrMany[value[string]], key string, families []vpn.Family, element string) {
	final := ""
	seen := make(map[string]bool)
	for _, name := range list {
		d := b.defined[name.v]
		switch {
		case !name.has:
			continue
		case d == nil:
			b.refuse(name.at, element, fmt.Sprintf("no policy is named %q", name.v), suggest(name.v, b.defined))
			continue
		case seen[name.v]:
			b.refuse(name.at, element, fmt.Sprintf("policy %s stands twice", name.v), "remove one")
		case final != "":
			b.warn(name.at, element, fmt.Sprintf("policy %s is never reached: policy %s decides on every route", name.v, final), "change their order, or remove it")
		}
		seen[name.v], d.used = true, true
		if why := d.Idle(families); why != "" && families != nil {
			b.warn(name.at, element, fmt.Sprintf("policy %s can match nothing here: %s", name.v, why), "remove it, or change its terms")
		}
		if term := d.Weighs(); key == exportKey && term > 0 {
			b.warn(name.at, element, fmt.Sprintf("policy %s sets weight in term %d, which is never sent", name.v, term), "set it in an import-policy")
		}
		if d.Final() {
			final = name.v
		}
	}
}

// unused warns of policies and prefix lists that nothing uses.
func (b *policyBuilder) unused() {
	for _, e := range b.raw.Policies {
		d := b.defined[e.key.v]
		if !d.used {
			b.warn(d.at, "policy "+d.Name, "is not used", "name it in import-policy: or export-policy: of a session or VRF, or remove it")
		}
	}
	for _, e := range b.raw.PrefixLists {
		if l := b.lists[e.key.v]; len(l.users) == 0 {
			b.warn(l.at, "prefix-list "+e.key.v, "is not used", "name it in prefixes: of a policy, or remove it")
		}
	}
}
