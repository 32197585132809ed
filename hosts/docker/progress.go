package docker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/docker/go-units"
)

// message is one line of the daemon's progress while it makes an image.
type message struct {
	ID     string `json:"id"` // of a layer
	Status string `json:"status"`
	Stream string `json:"stream"` // a build's
	Error  string `json:"error"`
	Detail struct {
		Current int64 `json:"current"`
		Total   int64 `json:"total"`
	} `json:"progressDetail"`
}

// messages reads the daemon's stream to its end, and returns an error that it
// reports.
func messages(stream io.Reader, each func(message)) error {
	for decoder := json.NewDecoder(stream); ; {
		var m message
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if m.Error != "" {
			return errors.New(m.Error)
		}
		each(m)
	}
}

// follow reports the progress of a build or an import, without repeats in a
// row.
func (d *containers) follow(stream io.Reader, name string) error {
	last := ""
	return messages(stream, func(m message) {
		text := strings.TrimSpace(m.ID + " " + m.Status + m.Stream)
		if text != "" && text != last {
			d.say(name + ": " + text)
		}
		last = text
	})
}

// followPull reports the progress of a pull: at every layer, and at every tenth
// of the octets known.
func (d *containers) followPull(stream io.Reader, name string) error {
	p, last := pulling{}, ""
	return messages(stream, func(m message) {
		p.hear(m)
		if mark := p.mark(); mark != last {
			d.say("pulling " + name + ": " + p.String())
			last = mark
		}
	})
}

// pulling is the layers of an image being pulled, by ID.
type pulling map[string]layer

type layer struct {
	loaded, size int64 // in octets; 0 until the daemon tells
	done         bool
}

func (p pulling) hear(m message) {
	l := p[m.ID]
	switch m.Status {
	case "Pulling fs layer", "Waiting":
	case "Downloading":
		l.loaded, l.size = m.Detail.Current, max(m.Detail.Total, l.size)
	case "Download complete", "Verifying Checksum":
		l.loaded = l.size
	case "Pull complete", "Already exists":
		l.loaded, l.done = l.size, true
	default:
		return // not about a layer, or repeated by its end
	}
	p[m.ID] = l
}

func (p pulling) sum() (done int, loaded, size int64) {
	for _, l := range p {
		if l.done {
			done++
		}
		loaded, size = loaded+l.loaded, size+l.size
	}
	return done, loaded, size
}

// mark changes when a report is due.
func (p pulling) mark() string {
	done, loaded, size := p.sum()
	tenths := int64(0)
	if size > 0 {
		tenths = loaded * 10 / size
	}
	if len(p) == 0 {
		return ""
	}
	return fmt.Sprint(done, len(p), tenths)
}

// String returns the progress for people.
func (p pulling) String() string {
	done, loaded, size := p.sum()
	text := fmt.Sprintf("%d of %d layers", done, len(p))
	if size > 0 {
		text += fmt.Sprintf(", %s of %s", units.HumanSize(float64(loaded)), units.HumanSize(float64(size)))
	}
	return text
}
