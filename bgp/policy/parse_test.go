package policy

import (
	"net/netip"
	"strings"
	"testing"

	"pseudowan/bgp/vpn"
)

func TestPrefixRange(t *testing.T) {
	for text, tt := range map[string]struct {
		takes, refuses string
		prints         string // "": as it was read
	}{
		"10.0.0.0/8":                     {takes: "10.0.0.0/8", refuses: "10.0.0.0/9 10.0.0.0/7 11.0.0.0/8 a00::/8"},
		"10.0.0.0/8 le 24":               {takes: "10.0.0.0/8 10.255.0.0/16 10.1.2.0/24", refuses: "10.1.2.0/25 0.0.0.0/0"},
		"10.0.0.0/8 ge 16":               {takes: "10.1.0.0/16 10.1.2.3/32", refuses: "10.0.0.0/8 10.0.0.0/15"},
		"10.0.0.0/8 ge 16 le 24":         {takes: "10.1.0.0/16 10.1.2.0/24", refuses: "10.0.0.0/8 10.1.2.0/25"},
		"10.0.0.0/8 le 24 ge 16":         {takes: "10.1.0.0/16", refuses: "10.0.0.0/8", prints: "10.0.0.0/8 ge 16 le 24"},
		"10.0.0.0/8 ge 24 le 24":         {takes: "10.1.2.0/24", refuses: "10.1.0.0/16"},
		"10.0.0.0/8 ge 8 le 32":          {takes: "10.0.0.0/8 10.1.2.3/32", refuses: "0.0.0.0/0", prints: "10.0.0.0/8 le 32"},
		"10.0.0.0/8 ge 8":                {takes: "10.0.0.0/8 10.1.2.3/32", refuses: "0.0.0.0/0", prints: "10.0.0.0/8 le 32"},
		"10.0.0.0/8 ge 32 le 32":         {takes: "10.1.2.3/32", refuses: "10.1.2.2/31", prints: "10.0.0.0/8 ge 32"},
		"10.0.0.0/8 le 8":                {takes: "10.0.0.0/8", refuses: "10.0.0.0/9", prints: "10.0.0.0/8"},
		"0.0.0.0/0 le 32":                {takes: "0.0.0.0/0 1.2.3.4/32", refuses: "::/0"},
		"2001:db8::/32 ge 48 le 64":      {takes: "2001:db8:1::/48 2001:db8:1:2::/64", refuses: "2001:db8::/32 2001:db8:1:2:3::/80"},
		"except 10.1.0.0/16":             {refuses: "10.1.0.0/16"},
		"  except   10.1.0.0/16 le  24 ": {refuses: "10.1.0.0/16", prints: "except 10.1.0.0/16 le 24"},
	} {
		r, err := ParsePrefixRange(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if tt.prints == "" {
			tt.prints = text
		}
		if r.String() != tt.prints {
			t.Errorf("%q prints as %q", text, r)
		}
		for _, p := range strings.Fields(tt.takes) {
			if !(PrefixList{r}).Takes(netip.MustParsePrefix(p)) {
				t.Errorf("%q does not take %s", text, p)
			}
		}
		for _, p := range strings.Fields(tt.refuses) {
			if (PrefixList{r}).Takes(netip.MustParsePrefix(p)) {
				t.Errorf("%q takes %s", text, p)
			}
		}
	}
}

func TestPrefixRangeRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "want a prefix",
		"except":                    "want a prefix",
		"10.0.0.0":                  "want a prefix",
		"10.0.0.0/33":               "want a prefix",
		"10.0.0.0/8 le":             "want a prefix",
		"10.0.0.0/8 24":             "want a prefix",
		"10.0.0.0/8 up 24":          `unknown word "up"`,
		"10.0.0.1/8":                "want 10.0.0.0/8",
		"10.0.0.0/8 le 33":          "not a prefix length up to 32",
		"10.0.0.0/8 le -1":          "not a prefix length up to 32",
		"2001:db8::/32 ge 129":      "not a prefix length up to 128",
		"10.0.0.0/8 ge 7":           "ge 7 is less than the length of the prefix, 8",
		"10.0.0.0/8 le 7":           "le 7 is less than the length of the prefix, 8",
		"10.0.0.0/8 ge 24 le 16":    "ge 24 is greater than le 16",
		"10.0.0.0/8 le 16 le 24":    "le stands twice",
		"::ffff:10.0.0.0/104 le 24": "IPv4-mapped",
	} {
		if r, err := ParsePrefixRange(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want an error with %q", text, r, err, want)
		}
	}
}

// Of the entries that cover a prefix the longest one decides, in any order.
func TestLongestEntryDecides(t *testing.T) {
	entries := []string{"10.0.0.0/8 le 24", "except 10.1.0.0/16 le 24", "10.1.2.0/23 le 24", "except 10.1.3.0/24", "10.1.3.0/24"}
	want := map[string]bool{
		"10.0.0.0/8": true, "10.2.0.0/16": true, "10.2.0.0/25": false, // the first entry
		"10.1.0.0/16": false, "10.1.9.0/24": false, // its exception
		"10.1.2.0/23": true, "10.1.2.0/24": true, // inside that
		"10.1.3.0/24": false, // as long, and the exception counts
		"10.1.3.0/25": false, "11.0.0.0/8": false,
	}
	for i := range entries {
		list := prefixes(append(append([]string{}, entries[i:]...), entries[:i]...)...)
		for p, taken := range want {
			if list.Takes(netip.MustParsePrefix(p)) != taken {
				t.Errorf("%s from entry %d on: taken %t", p, i, !taken)
			}
		}
	}
}

func TestASPathPattern(t *testing.T) {
	path := vpn.ASPath{
		{Kind: vpn.ASConfedSequence, AS: []uint32{64512, 64513}}, {Kind: vpn.ASSequence, AS: []uint32{65001, 65002}},
		{Kind: vpn.ASSet, AS: []uint32{65003, 65004}}, {Kind: vpn.ASConfedSet, AS: []uint32{7, 8}},
	}.String()
	if path != "(64512 64513) 65001 65002 {65003,65004} [7,8]" {
		t.Fatal(path)
	}
	for pattern, want := range map[string]bool{
		"_65001_": true, "_65003_": true, "_65004_": true, "_7_": true, "_8_": true, "_64512_": true, "_64513_65": false, // ") " are two
		"_5001_": false, "_6500_": false, "65001_65002": true, "_65001_65002_": true, "_65002_65001_": false,
		"^65001": false, `^\(64512_`: true, `\[7,8\]$`: true, "_8_$": true, "_(65009|65002)_": true,
		"_65[0-9]{3}_": true, "[]]": true, "[^]0-9]": true, `65002 \{`: true, ".*": true, "^$": false, "()": true, `\_`: false,
	} {
		a, err := ParseASPathPattern(pattern)
		if want && err != nil {
			t.Errorf("%s: %v", pattern, err)
		}
		if a.Takes(path) != want {
			t.Errorf("%s takes %q: %t", pattern, path, !want)
		}
	}
	if only, err := ParseASPathPattern("^_65002_$"); err != nil || !only.Takes("65002") || only.Takes("65002 7") || only.Takes("65002 65002") {
		t.Errorf("^_65002_$: %v", err)
	}
	for pattern, want := range map[string]string{
		"": "want a regular expression", "(65001": "missing closing )", "65001(?=7)": "invalid or unsupported Perl syntax",
		"[_]": "_ inside brackets", "[^]_]": "_ inside brackets", "a{1001}": "invalid repeat count", strings.Repeat("1", 513): "1 to 512 characters",
	} {
		if _, err := ParseASPathPattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v; want an error with %q", pattern, err, want)
		}
	}
}

func TestCommunityPattern(t *testing.T) {
	for text, want := range map[string]string{
		"65001:100": "", "65001:*": "", "*:*": "", "no-export": "", "65536:1": "want 65001:100", "1:2:3": "want 65001:100",
		"": "want 65001:100", "no-exports": "want 65001:100", "01:2": "want 65001:100", "1:-2": "want 65001:100",
	} {
		p, err := ParseCommunityPattern(text)
		if want == "" && (err != nil || p.String() != text) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
	for text, good := range map[string]bool{"1:2:3": true, "*:2:*": true, "1:2": false, "4294967296:1:1": false} {
		if _, err := ParseLargeCommunityPattern(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ParseCommunities(" "); err == nil {
		t.Error("no community at all is read")
	}
	for text, good := range map[string]bool{"5": true, "5-5": true, "5-9": true, "9-5": false, "-5": false, "": false, "4294967296": false} {
		if _, err := ParseRange(text); (err == nil) != good {
			t.Errorf("range %q: %v", text, err)
		}
	}
}

// FuzzParse checks that what is read prints as something that is read alike.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"10.0.0.0/8 ge 16 le 24", "except 2001:db8::/32 le 64", "^65002_[0-9]+$", `[^]\]]_`, "65001:* no-export", "1:*:3", "50-100",
	} {
		f.Add(s)
	}
	path := "65001 65002 {65003,65004}"
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := ParsePrefixRange(s); err == nil {
			again, err := ParsePrefixRange(r.String())
			if err != nil || again != r || (PrefixList{r}).Takes(r.Prefix) && r.Except {
				t.Errorf("%q is %v, then %v, %v", s, r, again, err)
			}
		}
		if a, err := ParseASPathPattern(s); err == nil {
			again, err := ParseASPathPattern(a.String())
			if err != nil || again.Takes(path) != a.Takes(path) || a.Takes(path) && !a.possible() {
				t.Errorf("%q: %v", s, err)
			}
		}
		if c, err := ParseCommunities(s); err == nil {
			if again, err := ParseCommunities(c.String()); err != nil || again.String() != c.String() {
				t.Errorf("%q is %v, then %v, %v", s, c, again, err)
			}
		}
		if c, err := ParseLargeCommunities(s); err == nil {
			if again, err := ParseLargeCommunities(c.String()); err != nil || again.String() != c.String() {
				t.Errorf("%q is %v, then %v, %v", s, c, again, err)
			}
		}
		if r, err := ParseRange(s); err == nil {
			if again, err := ParseRange(r.String()); err != nil || again != r {
				t.Errorf("%q is %v, then %v, %v", s, r, again, err)
			}
		}
	})
}
