# Draws a curve of measurements as SVG, both axes logarithmic.
#
#   awk -v title='up' -v x=PEs -v y=seconds -f bench/curve.awk bench/results/up.tsv > docs/curves/up.svg
#
# A line of the file is a series, x and y, with tabs between; "#" begins a comment.
BEGIN {
	FS = "\t"
	W = 640; H = 400; left = 64; right = 150; top = 40; bottom = 52
	split("#1f6fb4 #c8501e #2e8b57 #7a4fa3 #8a6d1c", colours, " ")
}
/^#/ || NF < 3 { next }
{
	if (!($1 in number)) { number[$1] = ++series; name[series] = $1 }
	s = number[$1]
	n[s]++
	X[s, n[s]] = $2; Y[s, n[s]] = $3
	if (!started || $2 < xmin) xmin = $2
	if (!started || $2 > xmax) xmax = $2
	if (!started || $3 < ymin) ymin = $3
	if (!started || $3 > ymax) ymax = $3
	started = 1
}
function lg(v) { return log(v) / log(10) }
function px(v) { return left + (lg(v) - x0) / (x1 - x0) * (W - left - right) }
function py(v) { return H - bottom - (lg(v) - y0) / (y1 - y0) * (H - top - bottom) }
function floor(v) { return int(v) - (v < int(v)) }
function text(x, y, anchor, words) { printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, words }
function label(v) { return v >= 1000000 ? v / 1000000 "M" : v >= 1000 ? v / 1000 "k" : v "" }
END {
	if (!started) { print "curve.awk: no measurements" > "/dev/stderr"; exit 1 }
	x0 = floor(lg(xmin) + 1e-9); x1 = floor(lg(xmax) - 1e-9) + 1; y0 = floor(lg(ymin) + 1e-9); y1 = floor(lg(ymax) - 1e-9) + 1
	if (x1 <= x0) x1 = x0 + 1
	if (y1 <= y0) y1 = y0 + 1
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">\n", W, H
	printf "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", W, H
	printf "<text x=\"%d\" y=\"22\" font-size=\"15\" font-weight=\"bold\">%s</text>\n", left, title
	for (e = x0; e <= x1; e++) {
		v = 10 ^ e
		printf "<path d=\"M%.1f %dV%d\" stroke=\"#ddd\"/>\n", px(v), top, H - bottom
		text(px(v), H - bottom + 18, "middle", label(v))
	}
	for (e = y0; e <= y1; e++) {
		v = 10 ^ e
		printf "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>\n", left, py(v), W - right
		text(left - 8, py(v) + 4, "end", label(v))
	}
	text((left + W - right) / 2, H - 12, "middle", x)
	printf "<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">%s</text>\n", (top + H - bottom) / 2, y
	for (s = 1; s <= series; s++) {
		colour = colours[(s - 1) % 5 + 1]
		path = ""
		for (i = 1; i <= n[s]; i++) path = path sprintf("%s%.1f %.1f", i > 1 ? "L" : "M", px(X[s, i]), py(Y[s, i]))
		printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", path, colour
		for (i = 1; i <= n[s]; i++) printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n", px(X[s, i]), py(Y[s, i]), colour
		printf "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\">%s</text>\n", px(X[s, n[s]]) + 8, py(Y[s, n[s]]) + 4, colour, name[s]
	}
	print "</svg>"
}
