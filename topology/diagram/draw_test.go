package diagram

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/topology"
)

var update = flag.Bool("update", false, "write the golden files anew")

var names = []string{"pseudo-wan", "hub-spoke", "ring", "eight", "reflector", "segments"}

func load(t *testing.T, name string) (*topology.Topology, Labels) {
	t.Helper()
	file := "testdata/" + name + ".yaml"
	if name == "pseudo-wan" {
		file = "../../labs/catalog/pseudo-wan.yaml"
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lab, err := topology.Parse(file, text)
	if err != nil {
		t.Fatal(err)
	}
	labels := Labels{}
	if name != "ring" {
		for i, v := range lab.VRFs {
			first := uint32(1000 + 2*i)
			labels[Instance{v.Router, v.Name}] = []uint32{first, first + 1}
		}
	}
	return lab, labels
}

func draw(t *testing.T, f Format, name string) string {
	t.Helper()
	lab, labels := load(t, name)
	picture, err := Draw(f, lab, labels)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

func TestGolden(t *testing.T) {
	for _, name := range names {
		for _, f := range Formats() {
			t.Run(name+"/"+string(f), func(t *testing.T) {
				golden(t, "testdata/"+name+"."+string(f), draw(t, f, name))
			})
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update to write it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

func TestUnknownFormat(t *testing.T) {
	lab, _ := load(t, "ring")
	if _, err := Draw("png", lab, nil); err == nil || !strings.Contains(err.Error(), "dot, mermaid, svg, text") {
		t.Errorf("%v", err)
	}
}

// element is an SVG element.
type element struct {
	name  string
	attrs map[string]string
	text  string
}

func (e element) number(t *testing.T, attr string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(e.attrs[attr], 64)
	if err != nil {
		t.Fatalf("%v: %s: %v", e, attr, err)
	}
	return n
}

func parseSVG(t *testing.T, svg string) (all []element) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch tk := token.(type) {
		case xml.StartElement:
			e := element{name: tk.Name.Local, attrs: map[string]string{}}
			for _, a := range tk.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			all = append(all, e)
		case xml.CharData:
			if len(all) > 0 {
				all[len(all)-1].text += strings.TrimSpace(string(tk))
			}
		}
	}
}

// Everything is inside the picture, no boxes overlap, and every host, router and
// address is shown.
func TestSVGIsLaidOut(t *testing.T) {
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			svg := draw(t, SVG, name)
			all := parseSVG(t, svg)
			width, height := all[0].number(t, "width"), all[0].number(t, "height")
			var boxes []element
			var words []string
			for _, e := range all {
				switch {
				case e.name == "text":
					words = append(words, e.text)
					checkText(t, e, width, height)
				case e.name == "rect" && e.attrs["stroke"] != "":
					boxes = append(boxes, e)
				}
			}
			for i, a := range boxes {
				for _, b := range boxes[:i] {
					if overlap(t, a, b) {
						t.Errorf("boxes overlap: %v and %v", a.attrs, b.attrs)
					}
				}
				if a.number(t, "x") < 0 || a.number(t, "x")+a.number(t, "width") > width || a.number(t, "y")+a.number(t, "height") > height {
					t.Errorf("outside the picture: %v", a.attrs)
				}
			}
			checkComplete(t, name, strings.Join(words, "\n"))
		})
	}
}

func checkText(t *testing.T, e element, width, height float64) {
	t.Helper()
	x, size := e.number(t, "x"), e.number(t, "font-size")
	w := textWidth(e.text, size)
	begin := map[string]float64{"start": x, "middle": x - w/2, "end": x - w}[e.attrs["text-anchor"]]
	if size < 11 || begin < 0 || begin+w > width+1 || e.number(t, "y") > height {
		t.Errorf("too small or outside: %v", e)
	}
}

func overlap(t *testing.T, a, b element) bool {
	t.Helper()
	apart := func(at, size string) bool {
		return a.number(t, at)+a.number(t, size) <= b.number(t, at) || b.number(t, at)+b.number(t, size) <= a.number(t, at)
	}
	return !apart("x", "width") && !apart("y", "height")
}

// checkComplete looks for everything that a picture must show.
func checkComplete(t *testing.T, name, picture string) {
	t.Helper()
	lab, labels := load(t, name)
	var want []string
	for _, r := range lab.Routers {
		want = append(want, r.Name, fmt.Sprint("AS ", r.AS), r.ID.String())
	}
	for _, l := range lab.Links {
		want = append(want, l.NIC)
		for _, e := range l.Ends {
			want = append(want, e.Interface)
			want = append(want, texts(e.Addresses)...)
		}
	}
	for _, v := range lab.VRFs {
		want = append(want, v.Name, v.RD.String())
	}
	for _, l := range labels {
		want = append(want, numbers(l))
	}
	for _, h := range lab.Hosts {
		want = append(want, h.Name)
		for _, a := range h.Attachments {
			want = append(want, texts(a.Addresses)...)
		}
	}
	for _, w := range want {
		if !strings.Contains(picture, w) {
			t.Errorf("%q is not in the picture", w)
		}
	}
}

func TestTextIsComplete(t *testing.T) {
	for _, name := range names {
		checkComplete(t, name, draw(t, Text, name))
	}
}

// Every line of Mermaid and DOT has a valid form, every identifier in an edge is a
// node, and quotes are balanced.
func TestSyntax(t *testing.T) {
	label := `"[^"]*"`
	mermaid := regexp.MustCompile(`^  ([rlhs]\d+(\[\[` + label + `\]\]|\(\[` + label + `\]\)|\(` + label + `\)|\{\{` + label + `\}\})|r\d+ ---\|` + label + `\| [rlhs]\d+|s\d+ --- h\d+|style h\d+ stroke:#[0-9a-f]{6}|linkStyle \d+ stroke:#[0-9a-f]{6},color:#[0-9a-f]{6})$`)
	label = `"([^"\\]|\\.)*"`
	dot := regexp.MustCompile(`^  ((graph|node|edge) \[.*\]|[rlhs]\d+ \[.*label=` + label + `.*\]|r\d+ -- [rlhs]\d+ \[.*label=` + label + `.*\]|s\d+ -- h\d+ \[.*\]);$`)
	for _, name := range names {
		checkLines(t, name, strings.Split(draw(t, Mermaid, name), "\n")[4:], mermaid, regexp.MustCompile(`^  (r\d+) ---\|.*\| ([rlhs]\d+)$`))
		lines := strings.Split(strings.TrimSuffix(draw(t, DOT, name), "}\n"), "\n")
		checkLines(t, name, lines[1:], dot, regexp.MustCompile(`^  (r\d+) -- ([rlhs]\d+) \[`))
	}
}

func checkLines(t *testing.T, name string, lines []string, form, edge *regexp.Regexp) {
	t.Helper()
	node := regexp.MustCompile(`^  ([rlhs]\d+)\W`)
	var nodes []string
	for _, l := range lines {
		if l == "" {
			continue
		}
		if !form.MatchString(l) {
			t.Errorf("%s: invalid line: %s", name, l)
		}
		if m := edge.FindStringSubmatch(l); m != nil {
			if !slices.Contains(nodes, m[1]) || !slices.Contains(nodes, m[2]) {
				t.Errorf("%s: an edge before its nodes: %s", name, l)
			}
		} else if m := node.FindStringSubmatch(l); m != nil {
			nodes = append(nodes, m[1])
		}
	}
	if len(nodes) < 2 {
		t.Errorf("%s: nodes %v", name, nodes)
	}
}

// Text in a VRF's colour is readable on white (WCAG 2: 4.5:1).
func TestContrast(t *testing.T) {
	for _, colour := range slices.Concat(palette, []string{ink, quiet, core}) {
		n, err := strconv.ParseUint(colour[1:], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		channel := func(shift int) float64 {
			c := float64(n>>shift&0xff) / 255
			if c <= 0.03928 {
				return c / 12.92
			}
			return math.Pow((c+0.055)/1.055, 2.4)
		}
		luminance := 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
		if ratio := 1.05 / (luminance + 0.05); ratio < 4.5 {
			t.Errorf("%s: contrast %.1f", colour, ratio)
		}
	}
}

func TestLooksOfManyVRFsDiffer(t *testing.T) {
	seen := map[look]int{}
	for i := range len(palette) * len(dashes) {
		l := lookOf(i)
		if before, ok := seen[l]; ok {
			t.Errorf("VRFs %d and %d look alike", before, i)
		}
		seen[l] = i
	}
}

func TestNumbers(t *testing.T) {
	for want, n := range map[string][]uint32{"": nil, "16": {16}, "16-18,20,1048574-1048575": {16, 17, 18, 20, 1048574, 1048575}} {
		if got := numbers(n); got != want {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
}

// The links of a path stand out in every format, with what is said of each, and no others.
func TestPath(t *testing.T) {
	lab, labels := load(t, "ring")
	var path []Hop
	for i, l := range lab.Links[:2] {
		path = append(path, Hop{l.Ends[0].Router, l.Ends[0].Interface, fmt.Sprintf("hop %d <&>", i)})
	}
	for f, marks := range map[Format]string{Text: "path: hop", SVG: `stroke="` + taken, Mermaid: "stroke:" + taken, DOT: "penwidth=5"} {
		picture, err := Draw(f, lab, labels, path...)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(picture, marks); n != len(path) {
			t.Errorf("%s: %d links stand out; want %d:\n%s", f, n, len(path), picture)
		}
		for i := range path {
			if !strings.Contains(picture, fmt.Sprint("hop ", i)) {
				t.Errorf("%s says nothing of hop %d", f, i)
			}
		}
	}
}
