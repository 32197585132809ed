package doctor

import (
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

func TestLiveness(t *testing.T) {
	for _, c := range []struct {
		bfd    BFD
		cores  int
		status status.Severity // "": no finding
		says   []string
	}{
		{BFD{}, 2, "", nil},
		{BFD{12, 240, 50 * time.Millisecond, 4}, 0, "", nil},
		{BFD{12, 240, 50 * time.Millisecond, 4}, 2, status.OK, []string{"12 ends", "50ms", "240 packets a second", "5 % of 2 cores"}},
		{BFD{1, 3.3, 300 * time.Millisecond, 1}, 2, status.OK, []string{"1 end ", "3 packets a second", "about 1 %"}},
		{BFD{12, 1200, 10 * time.Millisecond, 4}, 2, status.OK, []string{"24 % of 2 cores"}},
		{BFD{12, 1200, 10 * time.Millisecond, 4}, 1, status.Warn, []string{"48 % of 1 core", "bfd-min-tx: 20ms"}},
		{BFD{200, 20000, 10 * time.Millisecond, 4}, 2, status.Warn, []string{"400 % of 2 cores", "bfd-min-rx: 160ms"}},
	} {
		found := liveness(Observed{Cores: c.cores}, Need{BFD: c.bfd})
		if c.status == "" {
			if len(found) > 0 {
				t.Errorf("%+v: %+v", c, found)
			}
			continue
		}
		if len(found) != 1 || found[0].Status != c.status || (found[0].Remedy == "") != (c.status == status.OK) {
			t.Errorf("%+v: %+v", c, found)
			continue
		}
		for _, word := range c.says {
			if !strings.Contains(found[0].Detail+found[0].Remedy, word) {
				t.Errorf("%+v has no %q: %+v", c, word, found[0])
			}
		}
	}
}
