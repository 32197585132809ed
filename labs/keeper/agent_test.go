package keeper

import "testing"

func TestShareOf(t *testing.T) {
	for _, c := range []struct{ all, routers, want int }{
		{2, 0, 2}, {2, 1, 2}, {2, 4, 2}, {2, 5, 1}, {2, 100, 1}, {1, 1, 1}, {64, 100, 2}, {64, 2, 64}, {64, 1000, 1},
	} {
		if got := shareOf(c.all, c.routers); got != c.want {
			t.Errorf("%d of %d processors for each of %d routers, want %d", got, c.all, c.routers, c.want)
		}
	}
}
