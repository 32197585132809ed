package openflow

import (
	"bytes"
	"testing"
)

func TestCountersThatTheSwitchDoesNotHave(t *testing.T) {
	b := bytes.Repeat([]byte{0xff}, portStatsSize)
	be.PutUint64(b[8:], 7)
	all, err := appendPortStats(nil, b)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	if s := all[0]; s.RxPackets != 7 || s.TxPackets != 0 || s.TxErrors != 0 {
		t.Errorf("got %+v; want 0 for what is not counted", s)
	}
}
