package diagram

// palette is distinguishable with every common colour blindness (after Okabe and
// Ito, and Tol), and dark enough for text on white, 4.5:1 or more.
var palette = []string{
	"#0072b2", // blue
	"#b84f00", // vermilion
	"#00795a", // green
	"#aa3377", // pink
	"#7d6200", // mustard
	"#332288", // indigo
	"#555555", // grey
	"#882255", // wine
}

// dashes distinguish more VRFs than there are colours: SVG's stroke-dasharray and
// Graphviz's style.
var dashes = []struct{ svg, dot string }{
	{"", "solid"},
	{"7 3", "dashed"},
	{"2 3", "dotted"},
}

// look is how a VRF is drawn, the same on every router.
type look struct{ colour, dash, style string }

func lookOf(vrf int) look {
	d := dashes[vrf/len(palette)%len(dashes)]
	return look{palette[vrf%len(palette)], d.svg, d.dot}
}
