package gate

import (
	"bytes"
	"testing"

	"pseudowan/bgp/policy"
)

// The receiver's parser reads a message again unless it has read the same attributes with
// routes of the same form, which a path still has.
func TestTried(t *testing.T) {
	j := judgeOf(t, 65001, openCaps)
	tries := 0
	j.cfg.Try = func([]byte, []Family) error {
		tries++
		return nil
	}
	other := func(m []byte) []byte {
		return bytes.ReplaceAll(m, unhex("0000fdea00000001"), unhex("00010a0000010001"))
	}
	unreach := appendMP(nil, attrUnreach, unhex("000180"), unhex("70 800000 0000fdea00000001 1e0000"))
	for i, step := range []struct {
		what string
		msg  []byte
		want int
	}{
		{"the first route", vpnUpdate(0, 1, base), 1},
		{"others with its attributes", vpnUpdate(1, 9, base), 0},
		{"an RD of another type", other(vpnUpdate(20, 2, base)), 1},
		{"the same", other(vpnUpdate(22, 2, base)), 0},
		{"other attributes", vpnUpdate(30, 1, base+"80040400000005"), 1},
		{"another family", updateMsg("", base+hop, nlri4), 1},
		{"the same of its routes", updateMsg("", base+hop, "180a0777"), 0},
		{"a withdrawal", appendUpdate(nil, nil, unreach, nil), 1},
		{"another", appendUpdate(nil, nil, unreach, nil), 0},
		{"one of another family", updateMsg("180a0777", "", ""), 1},
		{"an unknown attribute", vpnUpdate(40, 1, base+"c0fd0100"), 1},
		{"again: nobody here knows it", vpnUpdate(41, 1, base+"c0fd0100"), 1},
		{"two fields", updateMsg("180a0778", base+hop, nlri4), 1},
	} {
		tries = 0
		if v := j.Received(step.msg); v.Refuse != nil || tries != step.want {
			t.Errorf("%d, %s: tried %d times, want %d; refused: %v", i, step.what, tries, step.want, v.Refuse)
		}
	}
}

// The news of a judge are what it shows the receiver, in the end as on the way.
func TestNews(t *testing.T) {
	j := judgeOf(t, 65001, openCaps)
	j.Follow()
	known := map[Path]Shown{}
	heard := 0
	check := func(what string, want, news int) {
		t.Helper()
		heard = 0
		for _, n := range j.News() {
			heard++
			known[n.Path] = n
			if n.Attributes == nil {
				delete(known, n.Path)
			}
		}
		list := j.Shown()
		for _, s := range list {
			if known[s.Path] != s {
				t.Errorf("%s: %v is known as %v", what, s, known[s.Path])
			}
		}
		if len(known) != want || len(list) != want || heard != news {
			t.Errorf("%s: %d known, %d shown, %d news; want %d, %d", what, len(known), len(list), heard, want, news)
		}
	}
	j.Received(vpnUpdate(0, 5, base))
	check("five routes", 5, 5)
	j.Received(vpnUpdate(0, 5, base))
	check("the same again", 5, 0)
	j.Received(vpnUpdate(0, 2, base+"80040400000005"))
	check("two with another MED", 5, 2)
	j.SetPolicy(chainOf(setting(policy.Set{LocalPref: pointer(uint32(7))})))
	check("a policy that changes all", 5, 5)
	j.SetPolicy(nil)
	check("none", 5, 5)
	j.Received(appendUpdate(nil, nil, appendMP(nil, attrUnreach, unhex("000180"), unhex("70 800000 0000fdea00000001 1e0000")), nil))
	check("one withdrawn", 4, 1)
	j.Received(vpnUpdate(0, 5, "40010100 40020a0202 0000fdea 0000fde9"))
	check("all have passed this router", 0, 4)
}

// A follower that leaves hears of everything that it may know of, also of what was withdrawn
// since it heard the last news; then nothing more is collected.
func TestUnfollow(t *testing.T) {
	j := judgeOf(t, 65001, openCaps)
	j.Follow()
	j.Received(vpnUpdate(0, 5, base))
	known := map[Path]bool{}
	for _, n := range j.News() {
		known[n.Path] = true
	}
	j.SetPolicy(chainOf(policy.Term{Then: policy.Reject}))
	j.SetPolicy(nil)
	j.Received(appendUpdate(nil, nil, appendMP(nil, attrUnreach, unhex("000180"), unhex("70 800000 0000fdea00000001 1e0000")), nil))
	for _, p := range j.Unfollow() {
		delete(known, p)
	}
	if len(known) > 0 {
		t.Errorf("nothing is said of %v", known)
	}
	j.Received(vpnUpdate(0, 5, base))
	if news := j.News(); len(news) > 0 {
		t.Errorf("%d news for nobody", len(news))
	}
}

// The memory for the news of many paths is given up, and what is kept for the next news holds
// no attributes.
func TestNewsGiveUpMemory(t *testing.T) {
	j := judgeOf(t, 65001, openCaps)
	j.Follow()
	j.Received(vpnUpdate(0, 100, base))
	few := j.News()
	for range 2 { // of one of these calls, the news are still in use
		if more := j.News(); len(more) > 0 {
			t.Fatalf("%d news again", len(more))
		}
	}
	for i, n := range few[:cap(few)] {
		if n.Attributes != nil {
			t.Fatalf("the array of the news still holds attributes of number %d", i)
		}
	}
	if cap(j.rib.news) == 0 {
		t.Error("each message needs new memory")
	}
	for i := range keptNews / 100 {
		j.Received(vpnUpdate(100*i, 100, base+"80040400000005"))
		j.News()
	}
	j.SetPolicy(chainOf(setting(policy.Set{LocalPref: pointer(uint32(7))})))
	j.Received(vpnUpdate(keptNews, 100, base))
	if news := j.News(); len(news) <= keptNews || news[0].Attributes == nil || news[keptNews].Attributes == nil {
		t.Errorf("%d news", len(news))
	}
	if n := cap(j.rib.news); n > keptNews {
		t.Errorf("memory for %d news is kept", n)
	}
}
