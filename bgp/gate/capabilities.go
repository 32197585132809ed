package gate

import "strings"

// Capabilities says in words what both ends of the session are capable of beside
// its families, in the order of their codes. It belongs to the goroutine of Received.
func (j *Judge) Capabilities() []string {
	ours, peer := &j.ours, &j.peer
	var list []string
	for _, c := range []struct {
		agreed bool
		words  string
	}{
		{ours.Refresh && peer.Refresh, "route refresh"},
		{j.Constrains(), "route target constraint"},
		{len(ours.Extended) > 0 && len(peer.Extended) > 0, "IPv6 next hops"},
		{ours.Restart != nil && peer.Restart != nil, "graceful restart"},
		{j.WillNotify(), "graceful restart over NOTIFICATIONs"},
		{ours.Restart.takesStale() && peer.Restart.takesStale(), "long-lived graceful restart"},
		{ours.as4 && peer.as4, "4-octet AS numbers"},
		{len(j.numbered) > 0, "add-path: receives " + familyWords(j.shape.numbered)},
		{numbered(*peer, *ours) != [families]bool{}, "add-path: sends " + familyWords(numbered(*peer, *ours))},
		{ours.Enhanced && peer.Enhanced, "enhanced route refresh"},
	} {
		if c.agreed {
			list = append(list, c.words)
		}
	}
	return list
}

// familyWords lists families.
func familyWords(set [families]bool) string {
	var list []string
	for f, in := range set {
		if in {
			list = append(list, string(Family(f).Name()))
		}
	}
	return strings.Join(list, " and ")
}
