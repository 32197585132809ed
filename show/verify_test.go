package show

import (
	"bytes"
	"encoding/xml"
	"testing"

	"pseudowan/status"
)

var pairs = []status.HostPair{
	{From: "s2", To: "s3", Expected: status.ExpectReach, Result: status.AsIntended, Tested: 2, Via: []string{"hq"}},
	{From: "red1", To: "blue<1>", Expected: status.ExpectIsolated, Result: status.Different, Tested: 3, Inferred: 4, Differences: []status.Difference{
		{Destination: addr("10.1.0.2"), Seen: "blue<1> answers, and must not be reached", Cause: "VRF red of pe1 imports 65000:2"},
		{Destination: addr("2001:db8::2"), Seen: "blue<1> answers, and must not be reached", Cause: "VRF red of pe1 imports 65000:2"},
		{Destination: addr("10.9.0.2"), Seen: "blue<1> answers, and must not be reached"},
	}},
	{From: "s2", To: "gone", Result: status.Untested, Differences: []status.Difference{{Seen: "not tested", Cause: "host gone does not run"}}},
	{From: "s2", To: "server", Expected: status.ExpectUnknown, Result: status.Open, Open: 2, Via: []string{"nat"}},
	{From: "s2", To: "s3", Rule: "s2 -> s3 via hq", Expected: status.ExpectReach, Result: status.Different, Via: []string{"hq"}, Differences: []status.Difference{
		{Seen: "s3 is not reached"},
	}},
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := HostPairsJUnit(&b, pairs); err != nil {
		t.Fatal(err)
	}
	golden(t, "verify.junit", b.Bytes())
	var suite junitSuite
	if err := xml.Unmarshal(b.Bytes(), &suite); err != nil {
		t.Fatal(err)
	}
	if suite.Tests != 5 || suite.Failures != 2 || suite.Errors != 1 || suite.Skipped != 1 || len(suite.Cases) != 5 {
		t.Errorf("%d tests, %d failures, %d errors, %d cases", suite.Tests, suite.Failures, suite.Errors, len(suite.Cases))
	}
}

func TestHostPairs(t *testing.T) {
	for _, format := range []Format{Table, JSON, YAML} {
		var b bytes.Buffer
		if err := HostPairs(Output{W: &b, Format: format}, pairs, false); err != nil {
			t.Fatal(err)
		}
		golden(t, "verify."+string(format), b.Bytes())
	}
	var b bytes.Buffer
	if err := HostPairs(Output{W: &b}, pairs, true); err != nil {
		t.Fatal(err)
	}
	golden(t, "verify-all.table", b.Bytes())
	b.Reset()
	if err := HostPairs(Output{W: &b}, pairs[:1], false); err != nil {
		t.Fatal(err)
	}
	golden(t, "verify-ok.table", b.Bytes())
}

var traced = status.Trace{
	From: "s2", Source: addr("10.2.0.2"), Destination: addr("10.3.0.2"), Outcome: "is delivered to s3", Delivered: "s3", Answered: "s3",
	Hops: []status.Hop{
		{Node: "s2", Kind: "host"},
		{Node: "pe2", Kind: "router",
			Tables: &status.Forwarding{VRF: "spoke", RD: "10.0.0.2:3", Prefix: pfx("0.0.0.0/0"), Source: "bgp", NextHop: addr("192.168.0.1"), Pushed: num(1003), Out: "eth1", To: "pe3"},
			Switch: &status.Forwarding{VRF: "spoke", RD: "10.0.0.2:3", Prefix: pfx("0.0.0.0/0"), Pushed: num(1004), Out: "eth1", To: "pe3", Passed: []string{"table 0: priority 1, ip: drop"}}},
		{Node: "pe3", Kind: "router",
			Tables: &status.Forwarding{VRF: "spoke", Popped: num(1003), NextHop: addr("0.0.0.0"), Stops: "no route"},
			Switch: &status.Forwarding{VRF: "spoke", Popped: num(1003), Stops: "is dropped"}},
	},
	Real:          []status.RealHop{{TTL: 1, Address: addr("10.2.0.1"), Node: "pe2", Millis: 0.5}, {TTL: 2}, {TTL: 3, Address: addr("10.3.0.1"), Refusal: "network unreachable"}},
	Disagreements: []string{"router pe2: Open vSwitch pushes label 1004, BGP says 1003"},
}

var explanation = status.Explanation{
	Router: "pe2", VRF: "spoke", RD: "10.0.0.2:3", Prefix: pfx("10.3.0.0/24"), Verdict: "no route target in common", Remedy: "add 65000:2",
	Paths: []status.ExplainedPath{
		{NextHop: addr("192.168.0.1"), Label: num(1003), Source: "bgp", Best: true, Reason: "MED", Meaning: "used"},
		{NextHop: addr("192.168.0.3"), Source: "bgp", Reason: "MED", Meaning: "not used: another path is better by MED"},
	},
	Origins: []status.ExplainedRoute{{Router: "pe3", VRF: "spoke", RD: "10.0.0.3:3", Host: "s3", Prefix: pfx("10.3.0.0/24"), Source: "connected", Export: []string{"65000:2"}, Verdict: "no route target in common"}},
}

func TestTraceAndExplanation(t *testing.T) {
	for _, format := range []Format{Table, JSON, YAML} {
		var b bytes.Buffer
		if err := Trace(Output{W: &b, Format: format}, traced); err != nil {
			t.Fatal(err)
		}
		golden(t, "trace."+string(format), b.Bytes())
		b.Reset()
		if err := Explanation(Output{W: &b, Format: format}, explanation); err != nil {
			t.Fatal(err)
		}
		golden(t, "explain."+string(format), b.Bytes())
	}
	var b bytes.Buffer
	if err := Explanation(Output{W: &b, Format: Table}, status.Explanation{Router: "pe1", VRF: "a", RD: "65000:1", Prefix: pfx("::/0"), Verdict: "it is there"}); err != nil {
		t.Fatal(err)
	}
	golden(t, "explain.bare", b.Bytes())
}
