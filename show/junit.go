package show

import (
	"encoding/xml"
	"io"
	"strings"

	"pseudowan/status"
)

// The elements of a JUnit report that CI servers read.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr,omitempty"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitMessage `xml:"failure"`
	Error   *junitMessage `xml:"error"`
	Skipped *junitMessage `xml:"skipped"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// HostPairsJUnit prints the results of verify as a JUnit report: a test case
// for each pair, a failure for each that is not as intended, an error for each
// that could not be tested.
func HostPairsJUnit(w io.Writer, rows []status.HostPair) error {
	suite := junitSuite{Name: "pseudowan verify", Tests: len(rows)}
	for _, r := range rows {
		c := junitCase{Class: r.From, Name: strings.TrimSpace(r.From + " -> " + r.To + " " + parenthesised(r.Expected))}
		if r.Rule != "" {
			c.Name = "expect: " + r.Rule
		}
		switch r.Result {
		case status.Different:
			suite.Failures++
			c.Failure = junitText(r.Differences)
		case status.Untested:
			suite.Errors++
			c.Error = junitText(r.Differences)
		case status.Open:
			suite.Skipped++
			c.Skipped = &junitMessage{Message: "only expect: lines speak of it, because " + list(r.Via) + " rewrites packets"}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitText(differences []status.Difference) *junitMessage {
	var m junitMessage
	lines := differenceLines(differences)
	if len(lines) > 0 {
		m.Message = lines[0]
	}
	m.Text = strings.Join(lines, "\n")
	return &m
}
