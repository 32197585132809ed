package docker

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func listening(said *[]string) *containers {
	return &containers{say: func(s string) { *said = append(*said, s) }}
}

func TestDockerBuildProgress(t *testing.T) {
	var said []string
	stream := `{"stream":"Step 1/2 : FROM scratch"}{"stream":"\n"}{"stream":" ---> 0123"}{"stream":" ---> 0123"}{"status":"Done","id":"a1"}`
	if err := listening(&said).follow(strings.NewReader(stream), "x"); err != nil {
		t.Fatal(err)
	}
	if want := []string{"x: Step 1/2 : FROM scratch", "x: ---> 0123", "x: a1 Done"}; !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
}

// A pull of two layers at once is reported at every layer and at every tenth,
// however often the daemon reports.
func TestDockerPullProgress(t *testing.T) {
	var said []string
	stream := `{"status":"Pulling from some/thing","id":"latest"}
{"status":"Already exists","progressDetail":{},"id":"a0"}
{"status":"Pulling fs layer","progressDetail":{},"id":"a1"}
{"status":"Pulling fs layer","progressDetail":{},"id":"b2"}
{"status":"Downloading","progressDetail":{"current":1000,"total":1000000},"id":"a1"}
{"status":"Downloading","progressDetail":{"current":1000,"total":3000000},"id":"b2"}
{"status":"Downloading","progressDetail":{"current":2000,"total":1000000},"id":"a1"}
{"status":"Downloading","progressDetail":{"current":500000,"total":1000000},"id":"a1"}
{"status":"Downloading","progressDetail":{"current":2000,"total":3000000},"id":"b2"}
{"status":"Download complete","progressDetail":{},"id":"a1"}
{"status":"Extracting","progressDetail":{"current":10,"total":1000000},"id":"a1"}
{"status":"Pull complete","progressDetail":{},"id":"a1"}
{"status":"Verifying Checksum","progressDetail":{},"id":"b2"}
{"status":"Pull complete","progressDetail":{},"id":"b2"}
{"status":"Digest: sha256:0123"}
{"status":"Status: Downloaded newer image for some/thing:latest"}`
	if err := listening(&said).followPull(strings.NewReader(stream), "x"); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"pulling x: 1 of 1 layers",
		"pulling x: 1 of 2 layers",
		"pulling x: 1 of 3 layers",
		"pulling x: 1 of 3 layers, 501kB of 4MB",
		"pulling x: 1 of 3 layers, 1.002MB of 4MB",
		"pulling x: 2 of 3 layers, 1.002MB of 4MB",
		"pulling x: 2 of 3 layers, 4MB of 4MB",
		"pulling x: 3 of 3 layers, 4MB of 4MB",
	}
	if !slices.Equal(said, want) {
		t.Errorf("said\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}

func TestDockerProgressErrors(t *testing.T) {
	var said []string
	d := listening(&said)
	for _, follow := range []func(io.Reader, string) error{d.follow, d.followPull} {
		if err := follow(strings.NewReader(`{"error":"no space"}`), "x"); err == nil || err.Error() != "no space" {
			t.Errorf("%v, want the daemon's error", err)
		}
		if err := follow(strings.NewReader(`{"status":`), "x"); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut short: %v", err)
		}
	}
	if len(said) > 0 {
		t.Errorf("said %q about errors alone", said)
	}
}
