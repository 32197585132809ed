package look

import (
	"errors"
	"io"
	"slices"

	"pseudowan/capture"
	"pseudowan/hosts/tap"
)

// source is where frames come from.
type source interface {
	// next waits for frames. After an error none come; it is io.EOF if that is no wonder.
	next() ([]capture.Packet, error)
	gone() bool // the interface has
	lost() int
	close()
}

// socket is the source of one point of this server.
type socket struct {
	*tap.Socket
	point int
}

func (s socket) next() ([]capture.Packet, error) {
	f, err := s.Next()
	if err != nil { // the interface has gone, or the capture has ended
		return nil, io.EOF
	}
	return []capture.Packet{{Point: s.point, Time: f.Time, Out: f.Out, Data: f.Data}}, nil
}

func (s socket) gone() bool { return s.Gone() }
func (s socket) lost() int  { return int(s.Lost()) }
func (s socket) close()     { s.Close() }

// readAll hands over what a source has, until it has ended.
func readAll(s source, to chan<- arrival, stop <-chan struct{}) {
	for {
		packets, err := s.next()
		select {
		case to <- arrival{packets, err}:
		case <-stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// told joins the ends of sources that somebody has to know of.
func told(ends []error) error {
	return errors.Join(slices.DeleteFunc(slices.Clone(ends), func(err error) bool { return errors.Is(err, io.EOF) })...)
}
