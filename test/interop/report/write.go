package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

const head = "# Interoperation\n\n" +
	"`sudo make interop` runs the tests named here against software that is not ours, and writes this page. Every\n" +
	"row says what the test with that name demands; a time in a row is the limit that the test has.\n" +
	"The software is Debian's.\n"

var titles = map[chapter]string{
	routersChapter: "## Sessions and routes\n\nEach is a PE behind a router's NIC, and a customer's router.\n",
	packetsChapter: "## Packets\n\nFRR on Linux's own MPLS runs in a virtual machine, whose NICs lead to routers' NICs.\n",
	attackChapter: "## Hostile peers\n\nWhile a peer does this, pings every 10 ms between customers of the VPN it is in and of another lose at\n" +
		"most one, and one in a thousand more; the router's process lives and its memory stays in bounds.\n",
}

// write prints the page.
func write(out io.Writer, r report) {
	fmt.Fprint(out, head)
	writeVersions(out, r.rows)
	for c := routersChapter; c <= attackChapter; c++ {
		writeChapter(out, c, r.rows)
	}
	writeCases(out, r.cases)
}

func writeVersions(out io.Writer, rows []row) {
	fmt.Fprint(out, "\n| software | version |\n|---|---|\n")
	var seen []string
	for _, r := range rows {
		if r.version != "" && !slices.Contains(seen, r.software) {
			seen = append(seen, r.software)
			fmt.Fprintf(out, "| %s | %s |\n", cell(r.software), cell(r.version))
		}
	}
}

func writeChapter(out io.Writer, c chapter, rows []row) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.chapter != c })
	if len(rows) == 0 {
		return
	}
	software := slices.ContainsFunc(rows, func(r row) bool { return r.software != "" })
	fmt.Fprintf(out, "\n%s\n", titles[c])
	if software {
		fmt.Fprint(out, "| software | feature | result | test |\n|---|---|---|---|\n")
	} else {
		fmt.Fprint(out, "| what | result | test |\n|---|---|---|\n")
	}
	for _, r := range rows {
		if software {
			fmt.Fprintf(out, "| %s ", cell(r.software))
		}
		fmt.Fprintf(out, "| %s | %s | `%s` |\n", cell(r.feature), cell(r.result), r.test)
	}
}

const casesTitle = "\n## What the RFCs demand\n\nWhat peers may send or do, and what went wrong here once.\n\n" +
	"| case | RFC | expected | ours | test |\n|---|---|---|---|---|\n"

func writeCases(out io.Writer, all []answered) {
	fmt.Fprint(out, casesTitle)
	for _, a := range all {
		fmt.Fprintf(out, "| %s | %s | %s | %s | `%s` |\n", cell(a.sent), a.rfc, cell(a.expected), cell(a.result), strings.Join(a.tests, "`, `"))
	}
}

// cell is a text as a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
